/** The words of the portal, in three languages; short ones, for people who see badly or are afraid. */
import { en } from "./en";
import { es } from "./es";
import { fr } from "./fr";

export const LANGUAGES = { fr: "Français", en: "English", es: "Español" } as const;
export type Language = keyof typeof LANGUAGES;

export type Words = typeof fr;
export type Key = keyof Words;

export const CATALOGUES: Record<Language, Words> = { fr, en, es };
const REMEMBERED = "archipel.portal.language";

export const isLanguage = (text: unknown): text is Language => typeof text === "string" && text in LANGUAGES;

let spoken: Language = "fr";
export const language = (): Language => spoken;

/** The language this seat used last, else that of the browser, else French. */
export function firstLanguage(): Language {
  const held = localStorage.getItem(REMEMBERED) ?? navigator.language.slice(0, 2);
  return isLanguage(held) ? held : "fr";
}

export function speak(wanted: Language, remember = true): void {
  spoken = wanted;
  document.documentElement.lang = wanted;
  if (remember) localStorage.setItem(REMEMBERED, wanted);
}

export const chosen = (): boolean => localStorage.getItem(REMEMBERED) !== null;

export function say(key: Key, values: Record<string, string | number> = {}): string {
  return CATALOGUES[spoken][key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

let zone: string | undefined;

/** In which zone every hour is written, a name of the tz database; empty: that of this seat. */
export function setTimeZone(name: string): void {
  zone = name || undefined;
}

/** What says no zone, a birth date or the hour of an exam: it is written as it stands. */
const LOCAL = /^\d{4}-\d{2}-\d{2}(T[\d:.]+)?$/;

const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

function written(options: Intl.DateTimeFormatOptions, at: string | Date): string {
  const local = typeof at === "string" && LOCAL.test(at);
  const told = local && at.includes("T") ? `${at}Z` : at; // a bare date is read as UTC already
  return new Intl.DateTimeFormat(spoken, { ...options, timeZone: local ? "UTC" : zone }).format(
    new Date(told),
  );
}

export const day = (at: string): string => written({ day: "numeric", month: "long", year: "numeric" }, at);

export const moment = (at: string): string =>
  written({ day: "2-digit", month: "2-digit", year: "numeric", ...CLOCK }, at);

export const clock = (at: Date): string => written(CLOCK, at);

export const size = (bytes: number): string => {
  const unit = spoken === "fr" ? ["ko", "Mo"] : ["kB", "MB"];
  const mega = bytes >= 1_000_000;
  const figure = new Intl.NumberFormat(spoken, { maximumFractionDigits: mega ? 1 : 0 });
  return `${figure.format(bytes / (mega ? 1e6 : 1e3))} ${mega ? unit[1] : unit[0]}`;
};
