/** /portal/api, typed from the node's own document. The token of the session is kept in memory only. */
import type { components } from "@/api/schema";

type Schemas = components["schemas"];
export type Session = Schemas["PortalSessionView"];
export type Brief = Schemas["ResultBrief"];
export type Result = Schemas["ResultView"];
export type Report = Schemas["PortalReport"];
export type Stack = Schemas["StackView"];
export type Look = Schemas["LookView"];
export type PatientLink = Schemas["PatientLinkView"];
export type Asked = Schemas["KnockAnswered"];
export type Welcome = Schemas["PortalWelcome"];

const BASE = "/portal/api";
const TIME_MS = 30_000;

/** Why a request was refused; `status` 0: the node was not reached. */
export class Failure extends Error {
  constructor(
    readonly status: number,
    readonly kind: string,
    readonly reference: string,
    readonly triesLeft: number | null,
    readonly retryAfterS: number,
  ) {
    super(`${status} ${kind}`);
  }
}

let silent = false;
let changed: () => void = () => undefined;
/** Whether the last question was answered; a browser without a network may still reach its own machine. */
export const isReached = (): boolean => !silent;
export const onReached = (run: () => void): void => {
  changed = run;
};

function learn(now: boolean): void {
  if (now === silent) return;
  silent = now;
  changed();
}

let csrf = "";
export const holdToken = (token: string): void => {
  csrf = token;
};

async function asked(method: string, path: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = { "X-CSRF-Token": csrf };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer: Response;
  try {
    answer = await fetch(BASE + path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(TIME_MS),
    });
  } catch {
    learn(true);
    throw new Failure(0, "unreached", "", null, 0);
  }
  learn(false);
  if (answer.ok) return answer;
  const said = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  throw new Failure(
    answer.status,
    typeof said.type === "string" ? said.type : "http",
    typeof said.reference === "string" ? said.reference : "",
    typeof said.tries_left === "number" ? said.tries_left : null,
    Number(answer.headers.get("Retry-After") ?? 0),
  );
}

export async function get<T>(path: string): Promise<T> {
  return (await asked("GET", path)).json() as Promise<T>;
}

export async function send<T>(method: "POST" | "DELETE", path: string, body?: unknown): Promise<T> {
  const answer = await asked(method, path, body);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

/** Fetch a file and give it an address of this page, with its size in bytes. */
export async function file(path: string): Promise<{ url: string; bytes: number }> {
  const content = await (await asked("GET", path)).blob();
  return { url: URL.createObjectURL(content), bytes: content.size };
}
