// Imports within the client: each rule of web/import_rules.ts catches a violation, whoever shows texts
// of another catalogue than the voter's loads it, and there is no import cycle, types included.

import { globSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";

import { ESLint } from "eslint";
import { expect, test } from "vitest";

import { AUDIENCES } from "../../web/catalogues.ts";
import { IMPORT_RULES } from "../../web/import_rules.ts";

const WEB = resolve(import.meta.dirname, "../../web");
const SOURCES = globSync("src/**/*.{ts,tsx}", { cwd: WEB }).sort();
/** An import that breaks the rule with the same index. */
const FORBIDDEN = [
  "../client/shape.ts",
  "../../client/shape.ts",
  "../view/router.ts",
  "../messages/organizer.ts",
];

test.each(IMPORT_RULES.map((rule, place) => [rule, FORBIDDEN[place]!] as const))(
  "%o catches an import that it forbids",
  async ({ files, message }, forbidden) => {
    const governed = globSync(files.replace("**/src/", "src/"), { cwd: WEB });
    const folders = new Set(governed.map(dirname));
    expect(folders.size).toBeGreaterThan(0);
    const eslint = new ESLint({
      cwd: WEB,
      overrideConfigFile: "eslint.config.js",
      // With CI set, typescript-eslint lints the file on disk in place of the text that it is given.
      overrideConfig: {
        languageOptions: { parserOptions: { disallowAutomaticSingleRunInference: true } },
      },
    });
    for (const folder of folders) {
      const filePath = resolve(
        WEB,
        governed.find((file) => dirname(file) === folder)!,
      );
      const [result] = await eslint.lintText(`import "${forbidden}";\n`, { filePath });
      const found = result!.messages.filter(({ ruleId }) => ruleId === "no-restricted-imports");
      expect(found.map((one) => one.message).join()).toContain(message);
    }
  },
  60_000,
);

test("every folder that a rule names exists", () => {
  const named = IMPORT_RULES.flatMap(({ files }) => {
    const folders = /src\/\{?([a-z,]+)\}?\//.exec(files)![1]!.split(",");
    return folders.map((folder) => `src/${folder}/`);
  });
  for (const folder of named) {
    expect(SOURCES.some((file) => file.startsWith(folder))).toBe(true);
  }
});

const IMPORTED = /\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g;

/** Source files that a file imports. */
function importsOf(file: string): string[] {
  const found = [...readFileSync(resolve(WEB, file), "utf8").matchAll(IMPORTED)];
  const paths = found.map(([, path]) => relative(WEB, resolve(WEB, dirname(file), path!)));
  return paths.filter((path) => SOURCES.includes(path));
}

test.each(AUDIENCES.filter((name) => name !== "voter"))(
  "whatever shows texts of %s is loaded with them",
  (audience) => {
    const texts = `src/messages/${audience}.ts`;
    const loads = new RegExp(`(?:addAudience|withTexts)\\(\\s*"${audience}"`);
    const needy = new Set(SOURCES.filter((file) => importsOf(file).includes(texts)));
    expect(needy.size).toBeGreaterThan(0);
    // A file that imports a needy one needs the texts as well, unless it loads them.
    for (const shown of needy) {
      for (const file of SOURCES) {
        if (!importsOf(file).includes(shown)) continue;
        if (!loads.test(readFileSync(resolve(WEB, file), "utf8"))) needy.add(file);
      }
    }
    const imported = new Set(SOURCES.flatMap(importsOf));
    expect([...needy].filter((file) => !imported.has(file))).toEqual([]);
    const app = readFileSync(resolve(WEB, "src/pages/app.tsx"), "utf8");
    for (const [whole, path] of app.matchAll(/[^\n]*\n?[^\n]*import\("\.\/([^"]+)"\)/g)) {
      if (needy.has(`src/pages/${path!}`)) expect(whole).toContain(`withTexts("${audience}"`);
    }
  },
);

test("no import cycle exists", () => {
  const imports = new Map(SOURCES.map((file) => [file, importsOf(file)] as const));
  expect([...imports.values()].flat().length).toBeGreaterThan(SOURCES.length);
  const done = new Set<string>();
  const circles: string[] = [];
  const follow = (file: string, path: readonly string[]) => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
    if (done.has(file)) return;
    done.add(file);
    for (const next of imports.get(file)!) follow(next, [...path, file]);
  };
  SOURCES.forEach((file) => {
    follow(file, []);
  });
  expect(circles).toEqual([]);
});
