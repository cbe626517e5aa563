/** What administration asks of the node. Every change reads its list again. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";

export type Organisation = Schemas["OrganisationView"];
export type Device = Schemas["DeviceView"];
export type Caller = Schemas["UnknownCallerView"];
export type Account = Schemas["AccountView"];
export type Token = Schemas["TokenView"];
export type Webhook = Schemas["WebhookView"];
export type Service = Device["may"][number];
export type Role = Account["role"];

export const SERVICES: readonly Service[] = ["store", "find", "move", "get", "worklist"];
export const ROLES: readonly Role[] = [
  "radiologist",
  "technologist",
  "referrer",
  "secretary",
  "identity-officer",
  "site-admin",
  "network-admin",
  "governance",
];

export const organisationsQuery = queryOptions({
  queryKey: ["admin", "organisations"],
  queryFn: ({ signal }): Promise<Organisation[]> => body(api.GET("/api/admin/organisations", { signal })),
});
export const devicesQuery = queryOptions({
  queryKey: ["admin", "devices"],
  queryFn: ({ signal }): Promise<Device[]> => body(api.GET("/api/admin/devices", { signal })),
});
export const callersQuery = queryOptions({
  queryKey: ["admin", "callers"],
  queryFn: ({ signal }): Promise<Caller[]> => body(api.GET("/api/admin/unknown-callers", { signal })),
  // Somebody stands at the modality and waits: a knock must show by itself.
  refetchInterval: 5000,
});
export const peopleQuery = queryOptions({
  queryKey: ["admin", "people"],
  queryFn: ({ signal }): Promise<Account[]> => body(api.GET("/api/admin/people", { signal })),
});
export const agreementsQuery = queryOptions({
  queryKey: ["admin", "agreements"],
  queryFn: ({ signal }) => body(api.GET("/api/admin/agreements", { signal })),
});
export const tokensQuery = queryOptions({
  queryKey: ["admin", "tokens"],
  queryFn: ({ signal }): Promise<Token[]> => body(api.GET("/api/admin/tokens", { signal })),
});

const webhooksAnswer = {
  queryKey: ["admin", "webhooks"],
  queryFn: ({ signal }: { signal: AbortSignal }) => body(api.GET("/api/webhooks", { signal })),
};
export const webhooksQuery = queryOptions({
  ...webhooksAnswer,
  select: (found): Webhook[] => found.webhooks,
  // What a receiver answers shows by itself.
  refetchInterval: 5000,
});
export const webhookKinds = queryOptions({ ...webhooksAnswer, select: (found): string[] => found.kinds });
export const deliveriesQuery = (webhook: string) =>
  queryOptions({
    queryKey: ["admin", "webhooks", webhook],
    queryFn: ({ signal }) =>
      body(api.GET("/api/webhooks/{webhook}/deliveries", { params: { path: { webhook } }, signal })),
  });

/** A change of the configuration: runs `act`, then reads the lists named in `touches` again. */
export function useAct<Wish, Result>(act: (wish: Wish) => Promise<Result>, ...touches: string[]) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSettled: () =>
      Promise.all(touches.map((list) => client.invalidateQueries({ queryKey: ["admin", list] }))),
  });
}
