/**
 * How live changes enter the list: nothing moves under the reader's hand.
 *
 * Rows already shown keep their place and take the new content. New rows wait behind a "+n" pill, except STAT, which
 * enters at once at its own place. A row that left the list goes, unless it is the selected one: that one stays,
 * struck through, until the selection moves on.
 */
import type { Schemas } from "@/api/client";

export type ExamRow = Schemas["ExamRow"];
export type Claim = Schemas["ClaimView"];

export interface Shown {
  rows: ExamRow[];
  /** Rows of the node that wait behind the pill. */
  waiting: ExamRow[];
  /** Exams shown that have left the list. */
  gone: ReadonlySet<string>;
}

export const NOTHING: Shown = { rows: [], waiting: [], gone: new Set() };

export const showAll = (fresh: readonly ExamRow[]): Shown => ({
  rows: [...fresh],
  waiting: [],
  gone: new Set(),
});

export function merge(shown: Shown, fresh: readonly ExamRow[], selected: string | undefined): Shown {
  if (shown.rows.length === 0) return showAll(fresh);
  const now = new Map(fresh.map((row) => [row.exam, row]));
  const gone = new Set<string>();
  const rows: ExamRow[] = [];
  for (const row of shown.rows) {
    const renewed = now.get(row.exam);
    if (renewed) rows.push(renewed);
    else if (row.exam === selected) {
      rows.push(row);
      gone.add(row.exam);
    }
  }
  const known = new Set(rows.map((row) => row.exam));
  const waiting: ExamRow[] = [];
  const end = fresh.findLastIndex((row) => known.has(row.exam));
  for (const [index, row] of fresh.entries()) {
    if (known.has(row.exam)) continue;
    // What lies beyond the last row shown is simply the next page: nothing moves by adding it.
    if (index > end) rows.push(row);
    else if (row.urgency === "stat") rows.splice(placeOf(row, rows, fresh), 0, row);
    else waiting.push(row);
  }
  return { rows, waiting, gone };
}

/** Where the node would put `row`: after the nearest row before it that is shown. */
function placeOf(row: ExamRow, rows: readonly ExamRow[], fresh: readonly ExamRow[]): number {
  const order = fresh.findIndex((other) => other.exam === row.exam);
  for (let before = order - 1; before >= 0; before -= 1) {
    const at = rows.findIndex((other) => other.exam === fresh[before]?.exam);
    if (at >= 0) return at + 1;
  }
  return 0;
}

/** A claim was taken, renewed or given back. */
export function withClaim(rows: readonly ExamRow[], exam: string, claim: Claim | null): ExamRow[] {
  return rows.map((row) => (row.exam === exam ? { ...row, claim, status: statusAfter(row, claim) } : row));
}

function statusAfter(row: ExamRow, claim: Claim | null): ExamRow["status"] {
  if (row.status === "signed") return row.status;
  if (claim) return row.status === "acquiring" ? row.status : "claimed";
  if (row.status !== "claimed") return row.status;
  if (row.report.state === "preliminary") return "preliminary";
  return row.report.state === "draft" ? "draft" : "ready";
}

export type Line =
  | { kind: "group"; urgency: ExamRow["urgency"]; count: number }
  | { kind: "exam"; row: ExamRow; index: number };

/** Rows with a heading before each urgency, where they come in its order; `index` is the place among exams only. */
export function grouped(rows: readonly ExamRow[], byUrgency: boolean): Line[] {
  if (!byUrgency) return rows.map((row, index) => ({ kind: "exam", row, index }));
  const lines: Line[] = [];
  let heading: Extract<Line, { kind: "group" }> = { kind: "group", urgency: "stat", count: -1 };
  for (const [index, row] of rows.entries()) {
    if (index === 0 || heading.urgency !== row.urgency) {
      heading = { kind: "group", urgency: row.urgency, count: 0 };
      lines.push(heading);
    }
    heading.count += 1;
    lines.push({ kind: "exam", row, index });
  }
  return lines;
}

/** The exam to read next: the first one free, in the order of the list, after those already mine. */
export function suggested(rows: readonly ExamRow[], current: string | undefined): ExamRow | undefined {
  const free = rows.filter(
    (row) => row.status !== "acquiring" && row.status !== "signed" && (row.claim === null || row.claim.mine),
  );
  return free.find((row) => row.exam !== current) ?? free[0];
}
