/** Who is signed in: read once, kept in the query cache, used by every room. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { ApiError, api, body, queryClient, type Schemas, setCsrfToken } from "./client";

export type Session = Schemas["Session"];
export type Preferences = Schemas["Preferences"];

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async (): Promise<Session | null> => {
    try {
      return adopt(await body(api.GET("/api/session")));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
});

export function adopt(session: Session): Session {
  setCsrfToken(session.csrf_token);
  return session;
}

/** Puts a fresh session in place of whatever the last person had in memory. */
export function enter(session: Session): void {
  queryClient.clear();
  queryClient.setQueryData(sessionQuery.queryKey, adopt(session));
}

export async function leave(): Promise<void> {
  await api.DELETE("/api/session");
  forget();
}

/** Drops everything that belonged to the person who was signed in. */
export function forget(): void {
  setCsrfToken("");
  queryClient.clear();
  queryClient.setQueryData(sessionQuery.queryKey, null);
}

/** The session of a page that is only shown to somebody signed in. */
export function useSession(): Session {
  const { data } = useQuery(sessionQuery);
  if (!data) throw new ApiError(401, { detail: "nobody is signed in" });
  return data;
}

export const may = (session: Session, permission: string): boolean =>
  session.permissions.includes(permission);

export async function keepPreferences(change: Partial<Preferences>): Promise<void> {
  const session = queryClient.getQueryData<Session | null>(sessionQuery.queryKey);
  if (!session) return;
  const preferences: Preferences = { ...session.preferences, ...change };
  const renewed: Session = { ...session, preferences };
  queryClient.setQueryData(sessionQuery.queryKey, renewed);
  await api.PUT("/api/me", { body: preferences });
}
