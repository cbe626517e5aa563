/** The worklist in the address: which list, which filters, which row. */
import type { Schemas } from "@/api/client";

export const LISTS = ["to-read", "stat", "mine", "drafts", "recent", "acquiring", "all"] as const;
export type ListName = (typeof LISTS)[number];

/** Whether the node gives a list in the order of urgency; it gives the others the latest first. */
export const isByUrgency = (list: ListName | undefined): boolean =>
  list === undefined || list === "to-read" || list === "stat";

export const URGENCIES = ["stat", "urgent", "inpatient", "routine"] as const;
export const STATUSES = ["acquiring", "ready", "claimed", "draft"] as const;
export const PERIODS = ["24h", "48h", "7d", "30d"] as const;
type Urgency = Schemas["ExamRow"]["urgency"];
type Status = Schemas["ExamRow"]["status"];
export type Period = (typeof PERIODS)[number];

export interface ReadingSearch {
  list?: ListName;
  /** Not in the address: kept in the state of the history entry. */
  q?: string;
  modality?: string;
  site?: string;
  urgency?: string;
  status?: string;
  since?: Period;
  exam?: string;
  preview?: "0" | "1";
}

const oneOf = <T extends string>(allowed: readonly T[], text: string | undefined): T | undefined =>
  allowed.find((word) => word === text);

/** Words of a comma-separated value that are allowed; undefined where none is. */
function someOf<T extends string>(allowed: readonly T[], text: string | undefined): string | undefined {
  const kept = split(text).filter((word): word is T => allowed.some((other) => other === word));
  return kept.length > 0 ? kept.join(",") : undefined;
}

export const split = (text: string | undefined): string[] => (text ? text.split(",").filter(Boolean) : []);

/** Reads an address (never the text filter: it may be a patient's name and stays out of it); whatever it does not know is dropped, never an error. */
export function readReadingSearch(raw: Record<string, string | undefined>): ReadingSearch {
  const modality = split(raw.modality).filter((code) => /^[A-Z0-9]{2,16}$/.test(code));
  const found: ReadingSearch = {
    list: oneOf(LISTS, raw.list),
    modality: modality.length > 0 ? modality.join(",") : undefined,
    site: split(raw.site).join(","),
    urgency: someOf(URGENCIES, raw.urgency),
    status: someOf(STATUSES, raw.status),
    since: oneOf(PERIODS, raw.since),
    exam: raw.exam,
    preview: oneOf(["0", "1"] as const, raw.preview),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value)) as ReadingSearch;
}

export interface WorklistQuery {
  list: "to-read" | "mine" | "drafts" | "recent" | "all";
  q: string;
  modality: string[];
  site: string[];
  urgency: Urgency[];
  status: Status[];
  since?: string;
}

const DAYS: Record<Period, number> = { "24h": 1, "48h": 2, "7d": 7, "30d": 30 };

const isoDay = (instant: Date): string =>
  `${String(instant.getFullYear())}-${String(instant.getMonth() + 1).padStart(2, "0")}-${String(instant.getDate()).padStart(2, "0")}`;

/** What the node is asked. "STAT" and "being received" are saved filters over its lists. */
export function toQuery(search: ReadingSearch, now: Date): WorklistQuery {
  const list = search.list ?? "to-read";
  const since = search.since && new Date(now.getTime() - DAYS[search.since] * 86_400_000);
  return {
    list: list === "stat" ? "to-read" : list === "acquiring" ? "all" : list,
    q: search.q ?? "",
    modality: split(search.modality),
    site: split(search.site),
    urgency: list === "stat" ? ["stat"] : (split(search.urgency) as Urgency[]),
    status: list === "acquiring" ? ["acquiring"] : (split(search.status) as Status[]),
    ...(since ? { since: isoDay(since) } : {}),
  };
}

export const FILTERS = ["q", "modality", "site", "urgency", "status", "since"] as const;

export const withoutFilters = (search: ReadingSearch): ReadingSearch =>
  Object.fromEntries(
    Object.entries(search).filter(([key]) => !FILTERS.some((filter) => filter === key)),
  ) as ReadingSearch;

export const filtersOn = (search: ReadingSearch): number => FILTERS.filter((filter) => search[filter]).length;
