/** Where exams stand on the timeline: lanes by place, years as the scale, close exams below each other. */

export interface TimelineItem {
  id: string;
  /** ms since 1970. */
  at: number;
  /** The modality, as the mark says it. */
  word: string;
  title: string;
  laneKey: string;
  laneName: string;
  laneDetail?: string;
  community: string;
}

export interface Scale {
  from: number;
  to: number;
  years: { label: string; place: number }[];
}

export interface Lane {
  key: string;
  name: string;
  detail: string;
  community: string;
  rows: number;
  items: { item: TimelineItem; place: number; row: number }[];
}

const MOST_YEARS = 12;
const yearStart = (year: number): number => Date.UTC(year, 0, 1);

/** Whole years from the oldest exam to now; a long life shows every second, third... year. */
export function scaleOf(items: readonly TimelineItem[], now: number): Scale {
  const oldest = Math.min(now, ...items.map((item) => item.at));
  const first = new Date(oldest).getUTCFullYear();
  const last = new Date(Math.max(now, ...items.map((item) => item.at))).getUTCFullYear() + 1;
  const from = yearStart(Math.min(first, last - 2));
  const to = yearStart(last);
  const span = last - new Date(from).getUTCFullYear();
  const step = Math.ceil(span / MOST_YEARS);
  const years: Scale["years"] = [];
  for (let year = new Date(from).getUTCFullYear(); year <= last; year += step) {
    years.push({ label: String(year), place: (yearStart(year) - from) / (to - from) });
  }
  return { from, to, years };
}

/** A mark takes about this share of the width. */
const MARK = 0.045;

export function lanesOf(items: readonly TimelineItem[], scale: Scale): Lane[] {
  const lanes = new Map<string, Lane>();
  for (const item of [...items].sort((one, two) => one.at - two.at)) {
    const lane = lanes.get(item.laneKey) ?? {
      key: item.laneKey,
      name: item.laneName,
      detail: item.laneDetail ?? "",
      community: item.community,
      rows: 1,
      items: [],
    };
    lanes.set(item.laneKey, lane);
    const place = (item.at - scale.from) / (scale.to - scale.from);
    let row = 0;
    while (lane.items.some((other) => other.row === row && Math.abs(other.place - place) < MARK)) row += 1;
    lane.rows = Math.max(lane.rows, row + 1);
    lane.items.push({ item, place, row });
  }
  return [...lanes.values()].sort((one, two) => one.name.localeCompare(two.name));
}
