/** The words of the screens. French is in the first load; English and Spanish come when chosen. */
import i18next, { type TFunction } from "i18next";
import { initReactI18next } from "react-i18next";
import fr from "./fr.json";

export const LANGUAGES = ["fr", "en", "es"] as const;
export type Language = (typeof LANGUAGES)[number];
export const LANGUAGE_NAMES: Record<Language, string> = { fr: "Français", en: "English", es: "Español" };

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof fr };
  }
}

export type Translate = TFunction<"translation">;

const catalogues: Record<Exclude<Language, "fr">, () => Promise<{ default: unknown }>> = {
  en: () => import("./en.json"),
  es: () => import("./es.json"),
};
const REMEMBERED = "archipel.language";

export const isLanguage = (text: unknown): text is Language =>
  LANGUAGES.some((language) => language === text);

/** The language this seat used last; French where none was chosen. */
export function rememberedLanguage(): Language {
  const held = globalThis.localStorage?.getItem(REMEMBERED);
  return isLanguage(held) ? held : "fr";
}

/** Have the words of a language at hand, without speaking it. */
export async function learn(language: Language): Promise<void> {
  if (language !== "fr" && !i18next.hasResourceBundle(language, "translation")) {
    const catalogue = await catalogues[language]();
    i18next.addResourceBundle(language, "translation", catalogue.default);
  }
}

export async function speak(language: Language): Promise<void> {
  await learn(language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  localStorage.setItem(REMEMBERED, language);
}

export async function startSpeaking(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: "fr",
    fallbackLng: "fr",
    resources: { fr: { translation: fr } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  await speak(rememberedLanguage());
}

export { default } from "i18next";
export { useTranslation } from "react-i18next";
