import { defineConfig } from "vitest/config";

/** When a test hangs, not how fast it has to be: a busy machine may be ten times slower than a quiet one. */
const patient = { testTimeout: 300_000, hookTimeout: 600_000 } as const;
/** Unit tests share the cores; what starts servers and workers runs alone, so that its timings mean something. */
const alone = { pool: "forks", fileParallelism: false, ...patient } as const;

export default defineConfig({
  test: {
    reporters: ["default", "./tools/vitest-tally.mjs"],
    restoreMocks: true,
    unstubEnvs: true,
    expect: { requireAssertions: true },
    coverage: { provider: "v8", include: ["src/**/*.ts"] },
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["src/**/*.test.ts", "tools/**/*.test.mjs"], ...patient },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["tests/integration/**/*.test.ts"],
          globalSetup: "tests/support/made-models.ts",
          ...alone,
        },
      },
      { extends: true, test: { name: "acceptance", include: ["tests/acceptance/**/*.test.ts"], ...alone } },
      // Other people's files, fetched for the run: by hand, not in the checks.
      { extends: true, test: { name: "conformance", include: ["tests/conformance/**/*.test.ts"], ...alone } },
    ],
  },
});
