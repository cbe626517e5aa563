/** The usual delay of each urgency, counted from the last image received. Contracts may set others later. */
import type { ExamRow } from "./merge";

const MINUTE_MS = 60_000;

export const DELAY_MS: Record<ExamRow["urgency"], number> = {
  stat: 15 * MINUTE_MS,
  urgent: 60 * MINUTE_MS,
  inpatient: 4 * 60 * MINUTE_MS,
  routine: 24 * 60 * MINUTE_MS,
};

export interface Delay {
  leftMs: number;
  /** Share of the delay that is left, 0 to 1. */
  share: number;
  overdue: boolean;
  startedAt: string;
}

/** Null while images still come: the clock has not started. */
export function delayOf(row: ExamRow, now: number): Delay | null {
  if (row.status === "acquiring") return null;
  const startedAt = row.images.last_received_at ?? row.arrived_at;
  const leftMs = Date.parse(startedAt) + DELAY_MS[row.urgency] - now;
  return {
    leftMs,
    share: Math.max(0, Math.min(1, leftMs / DELAY_MS[row.urgency])),
    overdue: leftMs < 0,
    startedAt,
  };
}

export const SOON_MS = 5 * MINUTE_MS;
