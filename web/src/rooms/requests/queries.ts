/** What the requests' room asks of the node. */
import { queryOptions, type UseQueryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";
import { setServerTime } from "@/kit/time";

export type RequestRow = Schemas["RequestRow"];
export type RequestPage = Schemas["RequestView"];
export type Partners = Schemas["PartnersView"];
export type Rung = Schemas["RungView"];
export type Asking = Schemas["RequestCreate"];
export type AwaitedAsking = Schemas["AwaitedCreate"];
export type PersonPage = Schemas["PersonPage"];
export type Patient = PersonPage["banner"];
export type KnownReferrer = Schemas["KnownReferrer"];
export type Mark = Schemas["RequestMark"];
export type MayDo = RequestRow["may"][number];
export type Stage = RequestRow["stage"];
export type Urgency = RequestRow["urgency"];
export type ExamPage = Schemas["ExamPage"];

export const boardQuery = queryOptions({
  queryKey: ["requests"],
  queryFn: async ({ signal }) => {
    const board = await body(api.GET("/api/requests", { signal }));
    setServerTime(board.as_of);
    return board;
  },
  // Links and waiting times move without a word from the stream.
  refetchInterval: 20_000,
});

export const requestQuery = (request: string) =>
  queryOptions({
    queryKey: ["request", request],
    queryFn: ({ signal }): Promise<RequestPage> =>
      body(api.GET("/api/requests/{request}", { params: { path: { request } }, signal })),
    refetchInterval: 20_000,
  });

export const partnersQuery = (exam: string, urgency: Urgency): UseQueryOptions<Partners> => ({
  queryKey: ["partners", exam, urgency],
  queryFn: ({ signal }) =>
    body(api.GET("/api/requests/partners", { params: { query: { exam, urgency } }, signal })),
  refetchInterval: 30_000,
});

/** Of whom an exam is awaited: a person, by an identifier that the own organisation gave. */
export interface Awaiting {
  person: string;
  identifier: string;
  issuer: string;
}

export const awaitedPartnersQuery = (
  whose: Awaiting,
  modality: string,
  urgency: Urgency,
): UseQueryOptions<Partners> => ({
  queryKey: ["partners", whose, modality, urgency],
  queryFn: ({ signal }) =>
    body(
      api.GET("/api/requests/awaited/partners", {
        params: { query: { ...whose, modality, urgency } },
        signal,
      }),
    ),
  refetchInterval: 30_000,
});

export const personQuery = (person: string) =>
  queryOptions({
    queryKey: ["person", person],
    queryFn: ({ signal }): Promise<PersonPage> =>
      body(api.GET("/api/persons/{person}", { params: { path: { person } }, signal })),
  });

export const referrersQuery = queryOptions({
  queryKey: ["referrers"],
  queryFn: ({ signal }): Promise<KnownReferrer[]> => body(api.GET("/api/referrers", { signal })),
});

export const examQuery = (exam: string) =>
  queryOptions({
    queryKey: ["exam", exam],
    queryFn: ({ signal }): Promise<ExamPage> =>
      body(api.GET("/api/exams/{exam}", { params: { path: { exam } }, signal })),
    enabled: exam !== "",
  });

export const documentQuery = (exam: string, digest: string) =>
  queryOptions({
    queryKey: ["document", exam, digest],
    queryFn: ({ signal }) =>
      body(
        api.GET("/api/exams/{exam}/report/documents/{digest}", {
          params: { path: { exam, digest } },
          signal,
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Puts a fresh answer where it is shown, and has the board asked anew. */
function useFresh(): (page: RequestPage) => Promise<unknown> {
  const client = useQueryClient();
  return (page) => {
    client.setQueryData(requestQuery(page.row.request).queryKey, page);
    return Promise.all([
      client.invalidateQueries({ queryKey: ["requests"] }),
      client.invalidateQueries({ queryKey: ["worklist"] }),
      client.invalidateQueries({ queryKey: ["exam", page.row.exam] }),
    ]);
  };
}

export function usePlace() {
  const fresh = useFresh();
  return useMutation({
    mutationFn: (asking: Asking | AwaitedAsking): Promise<RequestPage> =>
      "awaited" in asking
        ? body(api.POST("/api/requests/awaited", { body: asking }))
        : body(api.POST("/api/requests", { body: asking })),
    onSuccess: fresh,
  });
}

export type Act =
  | "note"
  | "cancel"
  | "decline"
  | "acknowledge"
  | "reconcile"
  | "attach"
  | "detach"
  | "pass-on";

export interface ActWish {
  request: string;
  act: Act;
  text?: string;
}

export function useAct() {
  const fresh = useFresh();
  return useMutation({
    mutationFn: ({ request, act, text = "" }: ActWish): Promise<RequestPage> => {
      const params = { path: { request } };
      switch (act) {
        case "note":
          return body(api.POST("/api/requests/{request}/note", { params, body: { text } }));
        case "cancel":
          return body(api.POST("/api/requests/{request}/cancel", { params, body: { reason: text } }));
        case "decline":
          return body(api.POST("/api/requests/{request}/decline", { params, body: { reason: text } }));
        case "acknowledge":
          return body(api.POST("/api/requests/{request}/acknowledge", { params }));
        case "attach":
          return body(api.POST("/api/requests/{request}/attach", { params, body: { exam: text } }));
        case "detach":
          return body(api.POST("/api/requests/{request}/detach", { params }));
        case "pass-on":
          return body(api.POST("/api/requests/{request}/pass-on", { params, body: { reason: text } }));
        case "reconcile":
          return body(api.POST("/api/requests/{request}/reconcile", { params, body: { document: text } }));
      }
    },
    onSuccess: fresh,
  });
}
