/** The language in use, and the region whose numbers and dates are shown. */

/** Every language by its code, under its own name. */
export const LANGUAGES = {
  en: "English",
  de: "Deutsch",
  es: "Español",
  pl: "Polski",
} as const satisfies Record<string, string>;

export type Language = keyof typeof LANGUAGES;

export let language: Language = "en";

/** The language with the browser's region, such as `de-AT`. */
export let locale = "en";

/** Format numbers and times in another language from now on. */
export function setLocale(chosen: Language): void {
  language = chosen;
  // Dates differ from region to region of one language.
  locale = navigator.languages.find((tag) => tag.slice(0, 2) === chosen) ?? chosen;
}

export function isLanguage(code: string): code is Language {
  return Object.hasOwn(LANGUAGES, code);
}
