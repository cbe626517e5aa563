/** What signing asks of the node. */
import { queryOptions, useQueryClient } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";
import { reportKey } from "./useDraft";

export type Check = Schemas["CheckView"];
export type RuleName = Check["rule"];
export type SignedVersion = Schemas["VersionView"];
export type Standing = Schemas["StandingView"];

export const standingQuery = (exam: string) =>
  queryOptions({
    queryKey: ["standing", exam],
    queryFn: ({ signal }): Promise<Standing> =>
      body(api.GET("/api/exams/{exam}/report/documents", { params: { path: { exam } }, signal })),
  });

export const documentQuery = (exam: string, digest: string) =>
  queryOptions({
    queryKey: ["document", exam, digest],
    queryFn: ({ signal }): Promise<Schemas["DocumentView"]> =>
      body(
        api.GET("/api/exams/{exam}/report/documents/{digest}", {
          params: { path: { exam, digest } },
          signal,
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const checksQuery = (exam: string, version: number, fence: number) =>
  queryOptions({
    queryKey: ["checks", exam, version, fence],
    queryFn: ({ signal }): Promise<Check[]> =>
      body(
        api.GET("/api/exams/{exam}/report/checks", { params: { path: { exam }, query: { fence } }, signal }),
      ),
  });

/** Whatever shows where this exam stands asks again. */
export function useRefreshReport(): (exam: string) => Promise<unknown> {
  const client = useQueryClient();
  return (exam) =>
    Promise.all([
      client.invalidateQueries({ queryKey: reportKey(exam) }),
      client.invalidateQueries({ queryKey: ["standing", exam] }),
      client.invalidateQueries({ queryKey: ["document", exam] }),
      client.invalidateQueries({ queryKey: ["exam", exam] }),
      client.invalidateQueries({ queryKey: ["worklist"] }),
      client.invalidateQueries({ queryKey: ["counts"] }),
    ]);
}
