/** What the reading room asks of the node, and how live changes reach its caches. */
import {
  type InfiniteData,
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { ApiError, api, body, type Schemas } from "@/api/client";
import type { ClaimChange } from "@/api/live";
import { setServerTime } from "@/kit/time";
import { type Claim, withClaim } from "./merge";
import type { ReadingSearch } from "./search";
import { toQuery } from "./search";

export type Page = Schemas["WorklistPage"];
export type Counts = Schemas["WorklistCounts"];
export type ExamPage = Schemas["ExamPage"];
const PAGE_SIZE = 100;

export const worklistQuery = (search: ReadingSearch) => {
  const asked = toQuery(search, new Date());
  return infiniteQueryOptions({
    queryKey: ["worklist", asked],
    queryFn: async ({ pageParam, signal }): Promise<Page> => {
      const query = { ...asked, limit: PAGE_SIZE, ...(pageParam ? { after: pageParam } : {}) };
      const page = await body(api.GET("/api/worklist", { params: { query }, signal }));
      setServerTime(page.as_of);
      return page;
    },
    initialPageParam: "",
    getNextPageParam: (page: Page) => page.next ?? undefined,
  });
};

export const countsQuery = queryOptions({
  queryKey: ["counts"],
  queryFn: ({ signal }): Promise<Counts> => body(api.GET("/api/worklist/counts", { signal })),
});

export const examQuery = (exam: string) =>
  queryOptions({
    queryKey: ["exam", exam],
    queryFn: ({ signal }): Promise<ExamPage> =>
      body(api.GET("/api/exams/{exam}", { params: { path: { exam } }, signal })),
  });

type WorklistData = InfiniteData<Page>;

/** Puts a claim into every list and exam held, without asking the node again. */
export function useApplyClaim(): (change: ClaimChange<Claim>) => void {
  const client = useQueryClient();
  return ({ exam, claim }) => {
    client.setQueriesData<WorklistData>(
      { queryKey: ["worklist"] },
      (data) =>
        data && {
          ...data,
          pages: data.pages.map((page) => ({ ...page, rows: withClaim(page.rows, exam, claim) })),
        },
    );
    client.setQueryData(examQuery(exam).queryKey, (page) => {
      const [row] = page ? withClaim([page.row], exam, claim) : [];
      return page && row ? { ...page, row } : page;
    });
  };
}

export interface ClaimWish {
  exam: string;
  reason?: string;
}

/** The claim that another person holds, as the refusal tells it. */
export const holderOf = (error: unknown): Claim | null =>
  error instanceof ApiError && error.status === 409
    ? ((error.problem.claim as Claim | undefined) ?? null)
    : null;

/** That an exam waits for the line to whoever asked for it, as the refusal tells it. */
export const lineOf = (error: unknown): { node: string; since: string | null } | null =>
  error instanceof ApiError && error.problem.type === "claim-needs-line"
    ? { node: String(error.problem.node), since: (error.problem.since as string | null) ?? null }
    : null;

export function useClaim() {
  const apply = useApplyClaim();
  return useMutation({
    mutationFn: ({ exam, reason }: ClaimWish): Promise<Claim> =>
      body(
        api.POST("/api/exams/{exam}/claim", {
          params: { path: { exam } },
          body: { take_over: reason !== undefined, ...(reason === undefined ? {} : { reason }) },
        }),
      ),
    onSuccess: (claim) => apply({ exam: claim.exam, claim }),
    onError: (error, { exam }) => {
      const holder = holderOf(error);
      if (holder) apply({ exam, claim: holder });
    },
  });
}

export function useRelease() {
  const apply = useApplyClaim();
  return useMutation({
    mutationFn: async (claim: Claim): Promise<void> => {
      await api.DELETE("/api/exams/{exam}/claim", {
        params: { path: { exam: claim.exam }, query: { fence: claim.fence ?? 0 } },
      });
    },
    onSuccess: (_, claim) => apply({ exam: claim.exam, claim: null }),
  });
}

export function useSetUrgency() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ exam, urgency }: { exam: string; urgency: Schemas["ExamRow"]["urgency"] }) =>
      body(
        api.PUT("/api/exams/{exam}/urgency", { params: { path: { exam } }, body: { urgency, reason: "" } }),
      ),
    onSuccess: (_, { exam }) =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["worklist"] }),
        client.invalidateQueries({ queryKey: ["counts"] }),
        client.invalidateQueries({ queryKey: ["exam", exam] }),
      ]),
  });
}
