/**
 * Message catalogues: gettext files with ICU messages, one for each audience and language.
 *
 * They are compiled to modules when the client is built (`catalogues()`), so that the browser parses
 * no message, and English gives the types of all messages. A catalogue that lacks a message, has an
 * unknown one, takes other values than English, or lacks a plural form fails the build.
 *
 * `node web/catalogues.ts` writes src/messages/ids.ts; with `--check` it reports whether that file is current.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import MessageFormat from "@messageformat/core";
import compileModule from "@messageformat/core/lib/compile-module.js";
import { parse, type Token } from "@messageformat/parser";
import { parsePo } from "pofile-ts";
import type { Plugin } from "vite";

/** Who reads the messages: some pages load their own catalogue beside the voter's. */
export const AUDIENCES = ["voter", "about", "proposals", "results", "follow", "organizer"] as const;
export const LANGUAGES = ["en", "de", "es", "pl"] as const;

const MESSAGES = join(import.meta.dirname, "src/messages");
const TYPES = join(MESSAGES, "ids.ts");

/** Type of a message's value: a number is formatted by the language's rules. */
type Kind = "number" | "string";

/**
 * Texts of a catalogue by id.
 *
 * @throws Error A text is missing, is marked as fuzzy, or occurs twice.
 */
export function readCatalogue(content: string): Map<string, string> {
  const texts = new Map<string, string>();
  // The parser takes obsolete entries for current ones.
  const current = content.replace(/^#~.*$/gm, "");
  for (const { msgid, msgstr, flags } of parsePo(current).items) {
    const [text = ""] = msgstr;
    if (texts.has(msgid)) throw new Error(`${msgid}: occurs twice`);
    if (!text.trim()) throw new Error(`${msgid}: has no text`);
    if (flags["fuzzy"]) throw new Error(`${msgid}: is marked as fuzzy`);
    texts.set(msgid, text);
  }
  return texts;
}

/**
 * Names of a message's values with their types.
 *
 * @throws Error The text is not an ICU message, or the forms of a plural differ from the language's.
 */
export function valuesOf(text: string, language: string): Map<string, Kind> {
  const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
  const values = new Map<string, Kind>();
  const visit = (token: Token): void => {
    if (token.type === "content" || token.type === "octothorpe") return;
    const plural = token.type === "plural";
    if (token.type === "selectordinal") throw new Error("selectordinal: is not supported");
    if (token.type === "function" && token.key !== "number") {
      throw new Error(`${token.key}: is not supported, only number is`);
    }
    values.set(token.arg, plural || token.type === "function" ? "number" : "string");
    if (!("cases" in token)) return;
    if (plural) {
      if (token.pluralOffset) throw new Error("offset: is not supported");
      const keys = token.cases.map(({ key }) => key).filter((key) => !key.startsWith("="));
      if (keys.sort().join() !== [...forms].sort().join()) {
        throw new Error(`plural: has ${keys.join(", ")}; ${language} needs ${forms.join(", ")}`);
      }
    }
    token.cases.forEach(({ tokens }) => {
      tokens.forEach(visit);
    });
  };
  parse(text).forEach(visit);
  return values;
}

/**
 * Compare a translation with English.
 *
 * @throws Error Its messages or their values differ; lists all differences.
 */
export function checkTranslation(
  english: ReadonlyMap<string, string>,
  translation: ReadonlyMap<string, string>,
  language: string,
): void {
  const faults: string[] = [];
  const sorted = (values: Map<string, Kind>) =>
    [...values]
      .map((value) => value.join(": "))
      .sort()
      .join(", ");
  for (const [id, text] of english) {
    const own = translation.get(id);
    if (own === undefined) faults.push(`${id}: is missing`);
    else {
      try {
        const wanted = sorted(valuesOf(text, "en"));
        const found = sorted(valuesOf(own, language));
        if (found !== wanted) faults.push(`${id}: takes (${found}), but in English (${wanted})`);
      } catch (error) {
        faults.push(`${id}: ${(error as Error).message}`);
      }
    }
  }
  for (const id of translation.keys()) if (!english.has(id)) faults.push(`${id}: is unknown`);
  if (faults.length) throw new Error(`${language}: ${faults.join("\n")}`);
}

/** Types of all messages: their ids, and the values that each takes. */
export function typesOf(catalogues: Readonly<Record<string, ReadonlyMap<string, string>>>): string {
  const interfaces = Object.entries(catalogues).map(([audience, texts]) => {
    const members = [...texts].map(([id, text]) => {
      const values = [...valuesOf(text, "en")].map(([name, kind]) => {
        return `${name}: ${kind === "number" ? "number | bigint" : kind}`;
      });
      return `  "${id}": ${values.length ? `{ ${values.join("; ")} }` : "undefined"};`;
    });
    const name = `${audience[0]!.toUpperCase()}${audience.slice(1)}Messages`;
    return `export interface ${name} {\n${members.join("\n")}\n}\n`;
  });
  const head = "/** Ids of all messages with their values. Written by web/catalogues.ts. */\n";
  return [head, ...interfaces].join("\n");
}

/** A catalogue as a module: texts by id, and functions where a message takes values. */
export function compiled(texts: ReadonlyMap<string, string>, language: string): string {
  const plain: Record<string, string> = {};
  const withValues: Record<string, string> = {};
  for (const [id, text] of texts) {
    const tokens = parse(text);
    if (tokens.some(({ type }) => type !== "content")) withValues[id] = text;
    else plain[id] = tokens.map((token) => (token as { value: string }).value).join("");
  }
  const format = new MessageFormat(language, { strict: true });
  const module = compileModule(format, withValues)
    // The library subtracts from numbers, which loses digits of large ones and throws for bigints.
    .replace(/import \{[^}]*\} from "@messageformat\/runtime";/, (line) =>
      line.replace("@messageformat/runtime", "../runtime.ts"),
    )
    .replace("export default {", "const withValues = {");
  return `${module};\nexport default { ...${JSON.stringify(plain)}, ...withValues };\n`;
}

function read(audience: string, language: string): Map<string, string> {
  const file = join(MESSAGES, audience, `${language}.po`);
  try {
    return readCatalogue(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Error(`${audience}/${language}.po: ${(error as Error).message}`, { cause: error });
  }
}

/** Catalogues are modules of the client. */
export function catalogues(): Plugin {
  return {
    name: "catalogues",
    transform: {
      filter: { id: /\.po$/ },
      handler(content, id) {
        const language = basename(id, ".po");
        const audience = basename(dirname(id));
        const texts = readCatalogue(content);
        checkTranslation(read(audience, "en"), texts, language);
        return { code: compiled(texts, language), map: null, moduleType: "js" };
      },
    },
  };
}

async function main(check: boolean): Promise<void> {
  const english = Object.fromEntries(AUDIENCES.map((audience) => [audience, read(audience, "en")]));
  for (const audience of AUDIENCES) {
    for (const language of LANGUAGES) {
      checkTranslation(english[audience]!, read(audience, language), language);
    }
  }
  const prettier = await import("prettier");
  const options = await prettier.resolveConfig(TYPES);
  const types = await prettier.format(typesOf(english), { ...options, filepath: TYPES });
  if (!check) writeFileSync(TYPES, types);
  else if (readFileSync(TYPES, "utf8") !== types) {
    throw new Error("src/messages/ids.ts is not current: run `node web/catalogues.ts`");
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main(process.argv.includes("--check"));
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
