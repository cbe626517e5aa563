/** The one way to the node's /api: typed by its OpenAPI document, failures as `ApiError`. */
import { onlineManager, QueryClient } from "@tanstack/react-query";
import createClient, { type Middleware } from "openapi-fetch";
import { isReached, onReached } from "./reached";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

export type TroubleKind =
  | "denied"
  | "missing"
  | "network"
  | "malformed"
  | "busy"
  | "unavailable"
  | "conflict"
  | "session"
  | "other";

const KIND_OF_STATUS: Record<number, TroubleKind> = {
  400: "malformed",
  401: "session",
  403: "denied",
  404: "missing",
  409: "conflict",
  413: "malformed",
  422: "malformed",
  429: "busy",
  502: "unavailable",
  503: "unavailable",
  504: "unavailable",
};

/** What the node said when it could not (RFC 9457), or that it could not be reached at all. */
export class ApiError extends Error {
  readonly kind: TroubleKind;
  readonly reference: string | null;

  constructor(
    readonly status: number,
    readonly problem: Partial<Schemas["Problem"]> & Record<string, unknown>,
  ) {
    super(problem.detail ?? problem.title ?? `HTTP ${String(status)}`);
    this.kind = status === 0 ? "network" : (KIND_OF_STATUS[status] ?? "other");
    this.reference = problem.reference ?? null;
  }

  get detail(): string {
    return this.message;
  }
}

export const troubleOf = (error: unknown): ApiError =>
  error instanceof ApiError
    ? error
    : new ApiError(-1, { detail: error instanceof Error ? error.message : String(error) });

let csrfToken = "";
const signedOutWatchers = new Set<() => void>();

export function setCsrfToken(token: string): void {
  csrfToken = token;
}

/** Calls `watcher` when the node says that nobody is signed in any more. */
export function onSignedOut(watcher: () => void): () => void {
  signedOutWatchers.add(watcher);
  return () => signedOutWatchers.delete(watcher);
}

const SAFE = new Set(["GET", "HEAD"]);

const manners: Middleware = {
  onRequest({ request }) {
    if (!SAFE.has(request.method)) request.headers.set("X-CSRF-Token", csrfToken);
    return request;
  },
  async onResponse({ request, response }) {
    if (response.ok) return undefined;
    const problem = await response
      .clone()
      .json()
      .catch(() => ({}));
    const isSignIn = new URL(request.url).pathname.startsWith("/api/session");
    if (response.status === 401 && !isSignIn) for (const watcher of signedOutWatchers) watcher();
    throw new ApiError(response.status, problem);
  },
  onError({ error }) {
    return new ApiError(0, { detail: error instanceof Error ? error.message : String(error) });
  },
};

export const api = createClient<paths>({ baseUrl: location.origin, credentials: "same-origin" });
api.use(manners);

/** The body of an answer that succeeded. Failures have been thrown by then. */
export async function body<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}

const isWorthRepeating = (error: unknown): boolean =>
  error instanceof ApiError && ["network", "unavailable"].includes(error.kind);

// what was read before the node fell silent is read again when it answers
onlineManager.setEventListener((tell) => onReached(() => tell(isReached())));

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      gcTime: 10 * 60_000,
      refetchOnWindowFocus: false,
      // "always" would leave the screen as it was before the line was cut
      refetchOnReconnect: true,
      networkMode: "always",
      retry: (failures, error) => failures < 2 && isWorthRepeating(error),
      retryDelay: (failures) => Math.min(600 * 2 ** failures, 4000),
    },
    mutations: { retry: false, networkMode: "always" },
  },
});
