/** What the desk of things to settle asks of the node, and what it decides. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";

export type ToSettle = Schemas["ToSettle"];
export type Quarantined = Schemas["QuarantinedInstance"];
export type Comparison = Schemas["Comparison"];
export type Difference = Schemas["StudyDifference"];
export type ExamRow = Schemas["ExamRow"];

export const settleQuery = queryOptions({
  queryKey: ["to-settle"],
  queryFn: ({ signal }): Promise<ToSettle> => body(api.GET("/api/settle", { signal })),
  refetchInterval: 30_000,
});

/** How many things wait for a decision. */
export const figureOf = (waiting: ToSettle): number =>
  waiting.quarantined.filter((one) => one.state === "open").length +
  waiting.differences.length +
  waiting.unidentified.length;

export const comparisonQuery = (instance: string) =>
  queryOptions({
    queryKey: ["comparison", instance],
    queryFn: ({ signal }) =>
      body(api.GET("/api/settle/quarantine/{instance}", { params: { path: { instance } }, signal })),
  });

export const pictureUrl = (instance: string, of: "held" | "offered"): string =>
  `/api/settle/quarantine/${instance}/picture?of=${of}`;

export const fileUrl = (instance: string): string => `/api/settle/quarantine/${instance}/file`;

export interface ForDifference {
  difference: Difference;
  decision: "held" | "offered" | "undo";
}

export function useSettleDifference() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ difference, decision }: ForDifference) =>
      body(
        api.POST("/api/settle/exams/{exam}", {
          params: { path: { exam: difference.exam } },
          body: { tag: difference.tag, offered: difference.offered, decision },
        }),
      ),
    onSuccess: (settled) =>
      Promise.all([
        client.invalidateQueries({ queryKey: settleQuery.queryKey }),
        client.invalidateQueries({ queryKey: ["exam", settled.exam] }),
      ]),
  });
}

export interface ForSecond {
  instance: string;
  decision: "keep_first" | "undo" | "discard";
  reason?: string;
}

export function useSettleSecond() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ instance, decision, reason = "" }: ForSecond) =>
      body(
        api.POST("/api/settle/quarantine/{instance}", {
          params: { path: { instance } },
          body: { decision, reason },
        }),
      ),
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: settleQuery.queryKey }),
        client.invalidateQueries({ queryKey: ["node"] }),
        client.invalidateQueries({ queryKey: ["quarantine"] }),
      ]),
  });
}
