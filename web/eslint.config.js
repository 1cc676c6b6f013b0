import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

import { IMPORT_RULES } from "./import_rules.ts";

export default defineConfig(
  { ignores: ["**/dist/**"] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // An index that the loop's own bounds prove needs no check at run time.
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      // An import of types only must disappear, or it would defeat loading on demand.
      "@typescript-eslint/no-import-type-side-effects": "error",
      "@typescript-eslint/unbound-method": ["error", { ignoreStatic: true }],
    },
  },
  {
    // Configuration in plain JavaScript does not belong to a TypeScript project.
    files: ["**/*.js"],
    extends: [tseslint.configs.disableTypeChecked],
  },
  ...IMPORT_RULES.map(({ files, regex, message }) => ({
    files: [files],
    rules: { "no-restricted-imports": ["error", { patterns: [{ regex, message }] }] },
  })),
  {
    files: ["**/src/**"],
    rules: {
      "no-restricted-globals": ["error", "Buffer", "process"],
      "no-restricted-properties": [
        "error",
        { object: "Math", property: "random", message: "Randomness enters by randomness.ts." },
        { object: "crypto", property: "getRandomValues", message: "Use systemRandomness." },
      ],
    },
  },
);
