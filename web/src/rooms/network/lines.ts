/** What a line is called, how it is, and where it is drawn. No screen in here. */
import type { Isle, Line } from "./queries";

export type Health = "ok" | "degraded" | "cut" | "unknown";

const LOSSY_PCT = 1;
const SLOWER = 3;
const SLOW_MS = 150;

/** Degraded: what the kernel sent again, or an answer far later than this line's best. */
export function healthOf(line: Line): Health {
  if (line.state === "down" || line.state === "refused") return "cut";
  if (line.state === "unreached") return "unknown";
  const late = (line.rtt_ms ?? 0) > Math.max(SLOW_MS, SLOWER * (line.rtt_min_ms ?? Number.POSITIVE_INFINITY));
  return (line.loss_pct ?? 0) > LOSSY_PCT || late ? "degraded" : "ok";
}

export const lineKey = (line: Line): string => `${line.a}-${line.b}`;

export const lineOf = (lines: readonly Line[], key: string | undefined): Line | undefined =>
  lines.find((line) => key === `${line.a}-${line.b}` || key === `${line.b}-${line.a}`);

/** The line one looks at first: one that is cut, else the one with most to carry. */
export function foremost(lines: readonly Line[]): Line | undefined {
  const weight = (line: Line): number =>
    (healthOf(line) === "cut" ? 1e18 : 0) + line.queues.reduce((sum, queue) => sum + queue.bytes, 0);
  return [...lines].sort((one, other) => weight(other) - weight(one))[0];
}

export interface Point {
  x: number;
  y: number;
}

interface Region {
  at: Point;
  label: Point;
  anchor: "start" | "middle" | "end";
}

/** The archipelago on a sheet of 1114 by 560, by hand: right of way, not of scale. */
export const REGIONS: Record<string, Region> = {
  "saint-martin": { at: { x: 188, y: 50 }, label: { x: 172, y: 54 }, anchor: "end" },
  guadeloupe: { at: { x: 281, y: 122 }, label: { x: 232, y: 186 }, anchor: "end" },
  martinique: { at: { x: 352, y: 276 }, label: { x: 318, y: 336 }, anchor: "end" },
  "sainte-lucie": { at: { x: 341, y: 430 }, label: { x: 312, y: 470 }, anchor: "end" },
  guyane: { at: { x: 838, y: 430 }, label: { x: 934, y: 476 }, anchor: "start" },
  metropole: { at: { x: 936, y: 84 }, label: { x: 950, y: 164 }, anchor: "middle" },
};
const STRANGERS = { x: 90, y: 520, step: 150 };
const APART = 26;

export interface Placed {
  isle: Isle;
  at: Point;
  label: Point;
  anchor: "start" | "middle" | "end";
}

/** Each node at its region; those of no region drawn in a row below. */
export function place(isles: readonly Isle[]): Placed[] {
  const taken = new Map<string, number>();
  let strangers = 0;
  return isles.map((isle) => {
    const community = isle.community.toLowerCase();
    const region = REGIONS[community];
    if (!region) {
      const at = { x: STRANGERS.x + STRANGERS.step * strangers++, y: STRANGERS.y };
      return { isle, at, label: { x: at.x, y: at.y + 30 }, anchor: "middle" };
    }
    const before = taken.get(community) ?? 0;
    taken.set(community, before + 1);
    const at = { x: region.at.x, y: region.at.y + APART * before };
    return { isle, at, label: { x: region.label.x, y: region.label.y + 42 * before }, anchor: region.anchor };
  });
}

/** A bow from one node to another, and its middle. */
export function bow(from: Point, to: Point): { path: string; middle: Point } {
  const [left, right] = from.x <= to.x ? [from, to] : [to, from];
  const dx = right.x - left.x;
  const dy = right.y - left.y;
  const bend = 0.13;
  const control = { x: (left.x + right.x) / 2 + dy * bend, y: (left.y + right.y) / 2 - dx * bend };
  const middle = {
    x: left.x / 4 + control.x / 2 + right.x / 4,
    y: left.y / 4 + control.y / 2 + right.y / 4,
  };
  return { path: `M${left.x} ${left.y}Q${control.x} ${control.y} ${right.x} ${right.y}`, middle };
}

/** 2 px for nothing measured, 8 px for 500 Mbit/s: as the logarithm, so that all can be told apart. */
export const width = (bps: number | null): number =>
  2 + Math.max(0, Math.min(6, Math.log10(Math.max(1, (bps ?? 0) / 1e5)) * 1.6));

/** The points of a small curve, newest at the right; null where nothing was measured. */
export function spark(values: readonly (number | null)[], w: number, h: number): string {
  const known = values.filter((value): value is number => value !== null);
  if (known.length < 2) return "";
  const top = Math.max(...known) || 1;
  let pen = "M";
  return values
    .map((value, index) => {
      if (value === null) {
        pen = "M";
        return "";
      }
      const x = (index / (values.length - 1)) * w;
      const point = `${pen}${x.toFixed(1)} ${(h - 1 - (value / top) * (h - 2)).toFixed(1)}`;
      pen = "L";
      return point;
    })
    .join("");
}
