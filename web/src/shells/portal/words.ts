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

/** A date without a time is that day wherever it is read: a birth date moves with no time zone. */
const read = (at: string): Date => {
  const bare = /^(\d{4})-(\d{2})-(\d{2})$/.exec(at);
  return bare ? new Date(Number(bare[1]), Number(bare[2]) - 1, Number(bare[3])) : new Date(at);
};

export const day = (at: string): string =>
  new Intl.DateTimeFormat(spoken, { day: "numeric", month: "long", year: "numeric" }).format(read(at));

export const moment = (at: string): string =>
  new Intl.DateTimeFormat(spoken, {
    day: "2-digit",
    month: "2-digit",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(new Date(at));

export const clock = (at: Date): string =>
  new Intl.DateTimeFormat(spoken, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at);

export const size = (bytes: number): string => {
  const unit = spoken === "fr" ? ["ko", "Mo"] : ["kB", "MB"];
  const mega = bytes >= 1_000_000;
  const figure = new Intl.NumberFormat(spoken, { maximumFractionDigits: mega ? 1 : 0 });
  return `${figure.format(bytes / (mega ? 1e6 : 1e3))} ${mega ? unit[1] : unit[0]}`;
};
