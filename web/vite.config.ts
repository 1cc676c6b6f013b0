import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { defineConfig, type Plugin } from "vitest/config";

/** Scripts and styles that the page names carry their hashes, for the browser to hold them to. */
function subresourceIntegrity(): Plugin {
  return {
    name: "subresource-integrity",
    writeBundle({ dir }) {
      const index = join(dir!, "index.html");
      const html = readFileSync(index, "utf8");
      const tags = /<(?:script|link)\b[^>]*?\b(?:src|href)="\/(assets\/[^"]+)"/g;
      const hashed = html.replace(tags, (tag, name: string) => {
        const hash = createHash("sha384")
          .update(readFileSync(join(dir!, name)))
          .digest("base64");
        return `${tag} integrity="sha384-${hash}"`;
      });
      writeFileSync(index, hashed);
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [subresourceIntegrity()],
  build: {
    target: "es2022",
    // Nothing is inlined: the policy forbids it.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // Parts of the worker are loaded when they are wanted, as those of the page.
  worker: { format: "es" },
  test: {
    root: resolve(import.meta.dirname, ".."),
    include: ["tests/web/**/*.test.ts"],
    // A busy machine fails no test.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
