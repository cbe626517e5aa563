/** What the identity desk asks of the node, and what it says. */
import { type QueryClient, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";

export type Desk = Schemas["IdentityDesk"];
export type Source = Schemas["SourceView"];
export type SourceName = Schemas["SourceName"];
export type SourceLink = Schemas["SourceLink"];
export type PersonIdentity = Schemas["PersonIdentity"];
export type ExamRow = Schemas["ExamRow"];
export type Hit = Schemas["PersonHit"];

export const SHORTEST_SEARCH = 2;

export const deskQuery = queryOptions({
  queryKey: ["identity-desk"],
  queryFn: ({ signal }): Promise<Desk> => body(api.GET("/api/identity/desk", { signal })),
  refetchInterval: 30_000,
});

/** How many things wait for the desk. */
export const figureOf = (desk: Desk): number => desk.doubted.length + desk.unidentified.length;

export const identityQuery = (person: string) =>
  queryOptions({
    queryKey: ["identity", person],
    queryFn: ({ signal }): Promise<PersonIdentity> =>
      body(api.GET("/api/persons/{person}/identity", { params: { path: { person } }, signal })),
    enabled: person !== "" && person !== "-",
  });

export const hitsQuery = (q: string) =>
  queryOptions({
    queryKey: ["persons", "to-link", q],
    queryFn: ({ signal }) => body(api.GET("/api/persons", { params: { query: { q, limit: 8 } }, signal })),
    enabled: q.trim().length >= SHORTEST_SEARCH,
  });

/** Whose an exam is shows on every list. Not awaited: who asked may be gone when all is read again. */
const everything = (client: QueryClient): void => void client.invalidateQueries();

export function useDecide() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (wanted: Schemas["SourceDecision"]) =>
      body(api.POST("/api/identity/sources", { body: wanted })),
    onSuccess: () => everything(client),
  });
}

export function useLink() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (wanted: Schemas["LinkWish"]) => body(api.POST("/api/identity/links", { body: wanted })),
    onSuccess: () => everything(client),
  });
}

export function useUnlink() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (wanted: Schemas["LinkEnd"]) => body(api.POST("/api/identity/links/end", { body: wanted })),
    onSuccess: () => everything(client),
  });
}

export const nameKey = ({ value, issuer, alone }: SourceName): string => `${issuer} ${value} ${alone ?? ""}`;
