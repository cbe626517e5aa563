/** What the node page asks: the health each few seconds, the quarantine by pages. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";

export type NodeStatus = Schemas["NodeStatus"];

export const nodeQuery = queryOptions({
  queryKey: ["node"],
  queryFn: ({ signal }): Promise<NodeStatus> => body(api.GET("/api/node", { signal })),
  refetchInterval: 5000,
});

export const quarantineQuery = queryOptions({
  queryKey: ["quarantine"],
  queryFn: ({ signal }) =>
    body(api.GET("/api/node/quarantine", { params: { query: { limit: 50 } }, signal })),
});

export function useKeepFirst() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (instance: string) =>
      body(
        api.POST("/api/node/quarantine/{instance}/resolve", {
          params: { path: { instance } },
          body: { decision: "keep_first" },
        }),
      ),
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: quarantineQuery.queryKey }),
        client.invalidateQueries({ queryKey: nodeQuery.queryKey }),
      ]),
  });
}

export type StuckWork = Schemas["StuckWork"];

export const stuckQuery = queryOptions({
  queryKey: ["stuck-work"],
  queryFn: ({ signal }) => body(api.GET("/api/node/stuck-work", { signal })),
  refetchInterval: 5000,
});

function useSettled(): () => Promise<unknown> {
  const client = useQueryClient();
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: stuckQuery.queryKey }),
      client.invalidateQueries({ queryKey: nodeQuery.queryKey }),
    ]);
}

export function useRetryWork() {
  const settled = useSettled();
  return useMutation({
    mutationFn: (work: string) =>
      body(api.POST("/api/node/stuck-work/{work}/retry", { params: { path: { work } } })),
    onSuccess: settled,
  });
}

export function useDropWork() {
  const settled = useSettled();
  return useMutation({
    mutationFn: ({ work, reason }: { work: string; reason: string }) =>
      body(api.POST("/api/node/stuck-work/{work}/drop", { params: { path: { work } }, body: { reason } })),
    onSuccess: settled,
  });
}
