import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { defineConfig, type Plugin } from "vitest/config";

import { catalogues } from "./catalogues.ts";
import { firstFiles, PAGE_MODULES, scriptOf } from "./chunks.ts";

/** Tags by which each page's own scripts are loaded beside the document's; the gateway writes them. */
const PRELOADS = "preloads.json";

/**
 * The browser checks the hashes of scripts and styles: they are in the page's tags, and in an import
 * map for scripts that are loaded on demand.
 */
function subresourceIntegrity(): Plugin {
  return {
    name: "subresource-integrity",
    writeBundle({ dir }, bundle) {
      const index = join(dir!, "index.html");
      const html = readFileSync(index, "utf8");
      const hashOf = (name: string) => {
        const content = readFileSync(join(dir!, name));
        return `sha384-${createHash("sha384").update(content).digest("base64")}`;
      };
      const scripts = Object.keys(bundle).filter((name) => name.endsWith(".js"));
      const integrity = Object.fromEntries(
        scripts.sort().map((name) => [`/${name}`, hashOf(name)]),
      );
      const map = `<script type="importmap">${JSON.stringify({ integrity })}</script>`;
      const tags = /<(?:script|link)\b[^>]*?\b(?:src|href)="\/(assets\/[^"]+)"/g;
      const hashed = html.replace(tags, (tag, name: string) => {
        return `${tag} integrity="${hashOf(name)}"`;
      });
      // The import map must come before the first script.
      writeFileSync(index, hashed.replace("<script", `${map}\n    <script`));
      const tagOf = (name: string) => {
        return `<link rel="modulepreload" crossorigin href="/${name}" integrity="${integrity[`/${name}`]}">`;
      };
      const preloads = Object.entries(PAGE_MODULES).map(([path, module]) => {
        return [path, firstFiles(bundle, module).map(tagOf)] as const;
      });
      const written = JSON.stringify(Object.fromEntries(preloads), null, 1);
      writeFileSync(join(dir!, PRELOADS), `${written}\n`);
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [catalogues(), subresourceIntegrity()],
  build: {
    target: "es2022",
    // The content security policy forbids inlined files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // One sheet, whose hash is in the document. Sheets of single pages would be loaded after them.
    cssCodeSplit: false,
    rolldownOptions: {
      output: {
        codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: scriptOf }] },
      },
    },
  },
  // Parts of the worker are loaded on demand, like those of the page.
  worker: { format: "es" },
  test: {
    root: resolve(import.meta.dirname, ".."),
    include: ["tests/web/**/*.test.ts"],
    // Do not let tests fail on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
