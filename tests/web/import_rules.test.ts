// Imports within the client: each rule of web/import_rules.ts catches a violation, and there is no
// import cycle, types included.

import { globSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";

import { ESLint } from "eslint";
import { expect, test } from "vitest";

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

test("no import cycle exists", () => {
  const imports = new Map(
    SOURCES.map((file) => {
      const text = readFileSync(resolve(WEB, file), "utf8");
      const found = [...text.matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)];
      const paths = found.map(([, path]) => {
        return relative(WEB, resolve(WEB, dirname(file), path!));
      });
      return [file, paths.filter((path) => SOURCES.includes(path))];
    }),
  );
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
