import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

/** Tools that read a default export, and the files in which they demand it. */
const toolConfigs = ["*.config.{js,ts}", "tools/vitest-tally.mjs"];

/** What the pure layers reach through a port instead: time, chance, the platform. */
const impureGlobals = [
  "Date",
  "process",
  "Buffer",
  "console",
  "performance",
  "fetch",
  "crypto",
  "globalThis",
];

/** @type {import("eslint").Linter.RulesRecord} */
const sizes = {
  "max-lines": ["error", { max: 400 }],
  "max-params": ["error", { max: 4 }],
  complexity: ["error", { max: 15 }],
};

export default defineConfig(
  {
    ignores: ["dist/", "coverage/", "node_modules/", ".toolchain/", ".venv/", "bench/.work/", "tools/types/"],
  },
  {
    files: ["**/*.{ts,js,mjs,cjs}"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: "error" },
    rules: {
      ...sizes,
      eqeqeq: "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: false, requireDefaultForNonUnion: true },
      ],
    },
  },
  {
    files: ["**/*.ts"],
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/consistent-type-exports": "error",
      "@typescript-eslint/explicit-module-boundary-types": "error",
    },
  },
  {
    files: ["{src,tools,bench,bin}/**/*.{ts,mjs}"],
    ignores: ["**/*.test.{ts,mjs}"],
    rules: { "max-lines-per-function": ["error", { max: 60 }] },
  },
  {
    files: ["src/{core,contracts}/**/*.ts"],
    ignores: ["**/*.test.ts", "**/testing/**"],
    rules: {
      "no-restricted-globals": ["error", ...impureGlobals],
      "no-restricted-properties": [
        "error",
        { object: "Math", property: "random", message: "Chance is a port." },
      ],
    },
  },
  {
    files: ["**/*.{ts,js,mjs}"],
    ignores: toolConfigs,
    rules: {
      "no-restricted-exports": [
        "error",
        { restrictDefaultExports: { direct: true, named: true, defaultFrom: true } },
      ],
    },
  },
);
