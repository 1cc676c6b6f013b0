/** Wording: what a machine can check of the texts in all languages; docs/translating.md has the rules. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { AUDIENCES, LANGUAGES, readCatalogue } from "../../web/catalogues.ts";

type Language = (typeof LANGUAGES)[number];

const MESSAGES = join(import.meta.dirname, "../../web/src/messages");

/** Quotation marks of each language, in the order in which they open and close. */
const QUOTES: Readonly<Record<Language, string>> = { en: "“”", de: "„“", es: "«»", pl: "„”" };

/** Words of another form of address, and of another name for a thing than docs/translating.md gives it. */
const AVOIDED: Readonly<Record<Language, RegExp>> = {
  en: /\b(nobody|everybody|somebody|anybody)\b|(?<!block)chain\b/i,
  de: /\b(du|dich|dir|dein\w*)\b|organisierende|Liste der Stimmberechtigten|Vertrag|gefördert|Geldgeber|freiwillig|signier/i,
  es: /\b(tú|tu|tus|te|ti)\b|lista de votantes|registrar(se|te)|costo|cadena(?! de bloques)|objeci|introduzca/i,
  pl: /(?<!\p{L})(proszę|państw\p{L}*)(?!\p{L})|list\p{L}+ uprawnionych|odnośnik|łańcuch\p{L}*(?!\p{L}| blok)/iu,
};

/** Texts that end otherwise than in English, because a time follows after a colon there. */
const ENDS_DIFFER = /^(moments|steps\.(begins|ends))/;

function catalogue(audience: string, language: Language): ReadonlyMap<string, string> {
  return readCatalogue(readFileSync(join(MESSAGES, audience, `${language}.po`), "utf8"));
}

/** The texts with a fault, each behind its id. */
function faulty(
  texts: ReadonlyMap<string, string>,
  wrong: (text: string, id: string) => boolean,
): string[] {
  return [...texts].filter(([id, text]) => wrong(text, id)).map(([id, text]) => `${id}: ${text}`);
}

/** Texts without the names and syntax of their values, so that only what people read is left. */
function read(text: string): string {
  return text.replaceAll(/\{\w+, plural,|\{\w+(, number)?\}/g, "…");
}

function quotesOf(text: string): string {
  return text.replaceAll(/[^“”„«»‹›‚‘"]/g, "");
}

/** Whether quotation marks alternate between the opening and the closing one. */
function quotesAreOf(language: Language, text: string): boolean {
  const used = quotesOf(text);
  return used === QUOTES[language].repeat(used.length / 2);
}

function endOf(text: string): string {
  const said = text.replace(/ \(\{\w+\}\)$/, "").replace(/[)}]+$/, "");
  return /[.:?!…]?$/u.exec(said)![0];
}

const all = AUDIENCES.flatMap((audience) =>
  LANGUAGES.map((language) => [audience, language] as const),
);

describe.each(all)("texts of %s/%s.po", (audience, language) => {
  const texts = catalogue(audience, language);

  test("have no surplus spaces", () => {
    expect(faulty(texts, (text) => /^\s|\s$|\s\s|\s[,.;?!]/.test(text))).toEqual([]);
  });

  test("have the language's quotation marks and apostrophes", () => {
    expect(faulty(texts, (text) => !quotesAreOf(language, text) || text.includes("'"))).toEqual([]);
  });

  test("do not break a line between a number and its unit", () => {
    const broken = /[\d}] (m|km|h|MB|€|zł|godz\.)(?![\p{L}])/u;
    expect(faulty(texts, (text) => broken.test(text))).toEqual([]);
  });

  test("use the words of the table of terms", () => {
    expect(faulty(texts, (text) => AVOIDED[language].test(read(text)))).toEqual([]);
  });

  test("end as in English", () => {
    const english = catalogue(audience, "en");
    const differs = (text: string, id: string) =>
      !ENDS_DIFFER.test(id) && endOf(text) !== endOf(english.get(id)!);
    expect(faulty(texts, differs)).toEqual([]);
  });
});

test("the checks notice faults", () => {
  expect(quotesAreOf("es", "«uno» y “dos”")).toBe(false);
  expect(quotesAreOf("de", "„eins”")).toBe(false);
  expect(quotesAreOf("pl", "„jeden” i „dwa”")).toBe(true);
  expect(endOf("Is this right? ({detail})")).not.toBe(endOf("Stimmt das. ({detail})"));
  expect(AVOIDED.pl.test(read("Proszę podać adres."))).toBe(true);
  expect(AVOIDED.en.test(read("Network {chain} of the blockchain"))).toBe(false);
});
