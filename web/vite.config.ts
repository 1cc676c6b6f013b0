import { resolve } from "node:path";

import { defineConfig } from "vitest/config";

export default defineConfig({
  root: import.meta.dirname,
  build: {
    target: "es2022",
    outDir: "../build/web",
    emptyOutDir: true,
    rolldownOptions: { input: "src/worker.ts" },
  },
  test: {
    root: resolve(import.meta.dirname, ".."),
    include: ["tests/web/**/*.test.ts"],
    // A busy machine fails no test.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
