/** Dates, durations and quantities, as each language writes them. */
import i18next, { type Translate } from "./index";

const locale = (): string =>
  i18next.language === "en" ? "en-GB" : i18next.language === "es" ? "es-ES" : "fr-FR";

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale()} ${JSON.stringify(options)}`;
  const held = formatters.get(key) ?? new Intl.DateTimeFormat(locale(), options);
  formatters.set(key, held);
  return held;
}

const DAY: Intl.DateTimeFormatOptions = { day: "2-digit", month: "2-digit", year: "numeric" };
const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

/** A calendar date as DICOM DA or an API date gives it: no time zone is applied. */
export function date(text: string | null | undefined): string {
  if (!text) return "";
  const [year, month, day] = text.slice(0, 10).split("-").map(Number);
  if (!year || !month || !day) return text;
  return formatter({ ...DAY, timeZone: "UTC" }).format(new Date(Date.UTC(year, month - 1, day)));
}

type Instant = string | number | Date;

let zone: string | undefined;

/** In which zone every hour is written, a name of the tz database; empty: that of this seat. */
export function setTimeZone(name: string): void {
  zone = name || undefined;
}

/** In which zone hours are written here. */
export const timeZone = (): string => zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;

/** DICOM writes the local time of a site without its zone: it is shown as it was written. */
const LOCAL = /^\d{4}-\d{2}-\d{2}T[\d:.]+$/;

function written(options: Intl.DateTimeFormatOptions, at: Instant): string {
  if (typeof at === "string" && LOCAL.test(at)) {
    return formatter({ ...options, timeZone: "UTC" }).format(new Date(`${at}Z`));
  }
  return formatter({ ...options, timeZone: zone }).format(new Date(at));
}

/** The day of an instant, in the zone that is told. */
export const day = (instant: Instant): string => written(DAY, instant);
export const clock = (instant: Instant): string => written(CLOCK, instant);
export const clockSeconds = (instant: Instant): string => written({ ...CLOCK, second: "2-digit" }, instant);
export const dayAndClock = (instant: string): string => `${day(instant)} ${clock(instant)}`;
export const monthYear = (instant: string): string => written({ month: "2-digit", year: "2-digit" }, instant);

/** `14:24` today, `23/11 14:24` before. */
export function when(instant: string, now: number): string {
  if (day(instant) === day(now)) return clock(instant);
  return `${written({ day: "2-digit", month: "2-digit" }, instant)} ${clock(instant)}`;
}

export const number = (value: number, digits = 0): string =>
  new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);

/** A duration in words, never finer than a reader needs: `42 s`, `12 min`, `3 h 05`, `2 j`. */
export function duration(ms: number, t: Translate): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${String(minutes % 60).padStart(2, "0")}` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return hours % 24 && days < 3
    ? `${days} ${t("common.day_short")} ${hours % 24} h`
    : `${days} ${t("common.day_short")}`;
}

/** A countdown: minutes and seconds below the hour, as a clock would show them. */
export function countdown(ms: number, t: Translate): string {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  if (seconds >= 3600) return duration(Math.abs(ms), t);
  return `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
}

const UNITS = { fr: ["o", "ko", "Mo", "Go", "To", "Po"], other: ["B", "kB", "MB", "GB", "TB", "PB"] };

/** Decimal units, as disks and links are sold. */
export function bytes(value: number): string {
  const units = i18next.language === "fr" ? UNITS.fr : UNITS.other;
  let power = 0;
  let scaled = value;
  while (scaled >= 1000 && power < units.length - 1) {
    scaled /= 1000;
    power += 1;
  }
  return `${number(scaled, scaled < 10 && power > 0 ? 1 : 0)}\u00a0${units[power]}`;
}

/** Age on `now` from a birth date: months below two years, years after. Empty where it is not known. */
export function age(birth: string | null | undefined, now: number, t: Translate): string {
  if (!birth) return "";
  const born = new Date(`${birth.slice(0, 10)}T00:00:00Z`);
  const today = new Date(now);
  let months =
    (today.getUTCFullYear() - born.getUTCFullYear()) * 12 + today.getUTCMonth() - born.getUTCMonth();
  if (today.getUTCDate() < born.getUTCDate()) months -= 1;
  if (!Number.isFinite(months) || months < 0) return "";
  return months < 24 ? t("common.months", { n: months }) : t("common.years", { n: Math.floor(months / 12) });
}

/** A person name as PS3.5 6.2.1 writes it (`Family^Given^Middle^Prefix^Suffix`), as people say it. */
export function personName(text: string): string {
  const [family = "", given = "", middle = "", prefix = "", suffix = ""] = (text.split("=")[0] ?? "").split(
    "^",
  );
  return [prefix, given, middle, family, suffix]
    .map((part) => part.trim())
    .filter(Boolean)
    .join(" ");
}
