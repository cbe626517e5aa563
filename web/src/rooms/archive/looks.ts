/** Who looked at an exam: one line for each person and act, with how often; the latest first. */
import type { ExamPage } from "./queries";

type Look = ExamPage["looks"][number];

export interface Looked extends Look {
  times: number;
  /** When it was the first time, of those told. */
  first: string;
}

const MOST = 12;

/** `looks` comes the latest first, as the node tells them. */
export function whoLooked(looks: readonly Look[]): Looked[] {
  const seen = new Map<string, Looked>();
  for (const look of looks) {
    const key = [look.kind, look.actor, look.organisation, look.action].join("\n");
    const held = seen.get(key);
    if (held) seen.set(key, { ...held, times: held.times + 1, first: look.at });
    else seen.set(key, { ...look, times: 1, first: look.at });
  }
  return [...seen.values()].slice(0, MOST);
}
