/** What the network page asks: the whole page once, then again whenever the node says that it changed. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, body, type Schemas } from "@/api/client";

export type Network = Schemas["NetworkView"];
export type Line = Schemas["NetworkLink"];
export type Isle = Schemas["NetworkNode"];

export const networkQuery = queryOptions({
  queryKey: ["network"],
  queryFn: ({ signal }): Promise<Network> => body(api.GET("/api/network", { signal })),
});

/** Follows the page; tells whether the line to the node itself is open. */
export function useLiveNetwork(): boolean {
  const client = useQueryClient();
  const [open, setOpen] = useState(true);
  useEffect(() => {
    const source = new EventSource("/api/network/events");
    source.addEventListener("open", () => setOpen(true));
    source.addEventListener("error", () => setOpen(false));
    source.addEventListener("network", (message) => {
      setOpen(true);
      client.setQueryData(networkQuery.queryKey, JSON.parse((message as MessageEvent<string>).data));
    });
    return () => source.close();
  }, [client]);
  return open;
}

export function useSwitch() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ a, b, cut }: { a: string; b: string; cut: boolean }) =>
      body(api.POST("/api/network/lines/{a}/{b}", { params: { path: { a, b } }, body: { cut } })),
    onSuccess: () => client.invalidateQueries({ queryKey: networkQuery.queryKey }),
  });
}
