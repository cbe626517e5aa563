/** The health of the node, for those who may see it: asked each half minute. */
import { useQuery } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";
import { may, type Session } from "@/api/session";

export function useNodeHealth(session: Session): Schemas["NodeStatus"] | undefined {
  return useQuery({
    queryKey: ["node"],
    queryFn: ({ signal }): Promise<Schemas["NodeStatus"]> => body(api.GET("/api/node", { signal })),
    enabled: may(session, "see-node"),
    refetchInterval: 30_000,
  }).data;
}
