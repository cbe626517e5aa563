/** What the board makes of the requests: its columns, its figures, the steps of one. Pure, so that it can be tested. */
import type { RequestRow, Stage } from "./queries";

export type Side = "asking" | "reading";

/** Whether this organisation is on that side; one may be on both. */
export const isOn = (row: RequestRow, side: Side): boolean => row.side === side || row.side === "both";

/** The columns, in the order of life. A refused request goes back to who asked. */
export const COLUMNS = ["placed", "travelling", "ready", "reading", "returned"] as const;
export type Column = (typeof COLUMNS)[number];

const CLOSED: ReadonlySet<Stage> = new Set(["acknowledged", "cancelled"]);

export const isClosed = (row: RequestRow): boolean =>
  CLOSED.has(row.stage) || (row.stage === "declined" && !isOn(row, "asking"));

/** Whether its exam is not acquired yet: no delay runs. */
export const isAwaited = (row: RequestRow): boolean => row.exam === null && row.stage === "placed";

/** Whether an answer is still owed. */
export const isWaiting = (row: RequestRow): boolean => !isClosed(row) && row.stage !== "returned";

export const columnOf = (row: RequestRow): Column | null => {
  if (isClosed(row)) return null;
  return row.stage === "declined" ? "placed" : (row.stage as Column);
};

const RANK = { stat: 0, urgent: 1, inpatient: 2, routine: 3 } as const;

const before = (one: RequestRow, other: RequestRow): number =>
  Number(other.stage === "declined") - Number(one.stage === "declined") ||
  RANK[one.urgency] - RANK[other.urgency] ||
  Date.parse(one.due_at) - Date.parse(other.due_at);

export interface Sorted {
  columns: Record<Column, RequestRow[]>;
  closed: RequestRow[];
}

/** Most urgent first, then the soonest due; what was refused before all else. */
export function sorted(rows: readonly RequestRow[]): Sorted {
  const columns: Sorted["columns"] = { placed: [], travelling: [], ready: [], reading: [], returned: [] };
  const closed: RequestRow[] = [];
  for (const row of [...rows].sort(before)) {
    const column = columnOf(row);
    if (column === null) closed.push(row);
    else columns[column].push(row);
  }
  return { columns, closed };
}

/** The same as a list: in one order whatever the column, the closed ones last. */
export const listed = ({ columns, closed }: Sorted): RequestRow[] => [
  ...COLUMNS.flatMap((column) => columns[column]).sort(before),
  ...closed,
];

export interface Figures {
  waiting: number;
  stat: number;
  next: RequestRow | null;
  late: RequestRow[];
  /** From the request to its first answer, of those answered; null where there is none. */
  medianMs: number | null;
  answered: number;
  toAcknowledge: number;
}

export function figures(rows: readonly RequestRow[], now: number): Figures {
  const waiting = rows.filter((row) => isWaiting(row) && row.stage !== "declined");
  const running = waiting.filter((row) => !isAwaited(row));
  const late = running.filter((row) => Date.parse(row.due_at) < now);
  const next = running
    .filter((row) => Date.parse(row.due_at) >= now)
    .sort((one, other) => Date.parse(one.due_at) - Date.parse(other.due_at))[0];
  const took = rows
    .flatMap((row) => (row.answered_at ? [Date.parse(row.answered_at) - Date.parse(row.placed_at)] : []))
    .sort((one, other) => one - other);
  return {
    waiting: waiting.length,
    stat: waiting.filter((row) => row.urgency === "stat").length,
    next: next ?? null,
    late,
    medianMs: took.length > 0 ? median(took) : null,
    answered: took.length,
    toAcknowledge: rows.filter((row) => row.may.includes("acknowledge")).length,
  };
}

function median(values: readonly number[]): number {
  const middle = Math.floor(values.length / 2);
  const [low = 0, high = 0] = [values[middle - 1], values[middle]];
  return values.length % 2 === 1 ? high : (low + high) / 2;
}

/** The neighbour card: up and down within a column, left and right between columns. */
export function neighbour(
  columns: Sorted["columns"],
  current: string | undefined,
  way: "up" | "down" | "left" | "right",
): RequestRow | undefined {
  const lanes = COLUMNS.map((column) => columns[column]).filter((lane) => lane.length > 0);
  const lane = lanes.findIndex((each) => each.some((row) => row.request === current));
  if (lane < 0) return lanes[0]?.[0];
  const at = lanes[lane]?.findIndex((row) => row.request === current) ?? 0;
  if (way === "up" || way === "down")
    return lanes[lane]?.[at + (way === "down" ? 1 : -1)] ?? lanes[lane]?.[at];
  const other = lanes[lane + (way === "right" ? 1 : -1)];
  return other?.[Math.min(at, other.length - 1)] ?? lanes[lane]?.[at];
}

export const STEPS = ["placed", "images", "reading", "returned", "acknowledged"] as const;
export type StepName = (typeof STEPS)[number];

export interface Step {
  name: StepName;
  state: "done" | "now" | "coming";
  at: string | null;
}

const KIND_OF_STEP: Record<StepName, readonly string[]> = {
  placed: ["request.placed"],
  images: ["request.arrived"],
  reading: ["request.claimed"],
  returned: ["report.signed"],
  acknowledged: ["request.acknowledged"],
};

/** How many steps are behind a request of this stage. */
const BEHIND: Record<Stage, number> = {
  placed: 1,
  travelling: 1,
  ready: 2,
  reading: 2,
  returned: 4,
  acknowledged: 5,
  declined: 1,
  cancelled: 1,
};

/** The road of one request, with the moments that its log tells. */
export function stepsOf(row: RequestRow, log: readonly { kind: string; at: string }[]): Step[] {
  const ended = row.stage === "declined" || row.stage === "cancelled";
  const behind = BEHIND[row.stage];
  return STEPS.map((name, index) => ({
    name,
    state: index < behind ? "done" : index === behind && !ended ? "now" : "coming",
    at: log.findLast((line) => KIND_OF_STEP[name].includes(line.kind))?.at ?? null,
  }));
}
