/** Style sheets of pages: all of them stay in the document once a visitor has gone through the site. */

import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../../web/src/pages");
const paths = globSync("**/*.css", { cwd: root });

/** Classes that begin a selector: what stands below them, or between parentheses, is theirs. */
function styled(css: string): Set<string> {
  const rules = css.replaceAll(/\/\*[^]*?\*\//g, "").matchAll(/(?:^|[{}])\s*([^@{}]+?)\s*\{/g);
  const alone = [...rules].flatMap(([, selectors]) =>
    selectors!.replaceAll(/\([^()]*\)/g, "").split(","),
  );
  return new Set(
    alone
      .map((selector) => /^\s*(\.[\w-]+)/.exec(selector)?.[1])
      .filter((one) => one !== undefined),
  );
}

test("no two pages give different looks to one class", () => {
  expect(paths.length).toBeGreaterThan(8);
  const shared = readFileSync(join(root, "../style/components.css"), "utf8");
  const owners = new Map<string, string[]>();
  for (const path of paths) {
    for (const name of styled(readFileSync(join(root, path), "utf8"))) {
      owners.set(name, [...(owners.get(name) ?? []), basename(path)]);
    }
  }
  const common = styled(shared);
  const twice = [...owners].filter(([name, files]) => files.length > 1 && !common.has(name));
  expect(twice).toEqual([]);
});
