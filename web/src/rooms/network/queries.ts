/** What the network page asks: the whole page once, then again whenever the node says that it changed. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { api, body, type Schemas } from "@/api/client";
import { type LiveStatus, watching } from "@/api/live";

export type Network = Schemas["NetworkView"];
export type Line = Schemas["NetworkLink"];
export type Isle = Schemas["NetworkNode"];

export const networkQuery = queryOptions({
  queryKey: ["network"],
  queryFn: ({ signal }): Promise<Network> => body(api.GET("/api/network", { signal })),
});

const stream = watching("/api/network/events");

/** Follows the page; tells whether the line to the node itself is open, and since when it is not. */
export function useLiveNetwork(): LiveStatus {
  const client = useQueryClient();
  useEffect(() => {
    const off = stream.on("network", (page) => client.setQueryData(networkQuery.queryKey, page as Network));
    stream.start([]);
    return () => {
      off();
      stream.stop();
    };
  }, [client]);
  return useSyncExternalStore(stream.subscribe, stream.snapshot);
}

export function useSwitch() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ a, b, cut }: { a: string; b: string; cut: boolean }) =>
      body(api.POST("/api/network/lines/{a}/{b}", { params: { path: { a, b } }, body: { cut } })),
    onSuccess: () => client.invalidateQueries({ queryKey: networkQuery.queryKey }),
  });
}
