/**
 * How hard the property tests try: `HOSTLER_FUZZ_RUNS=1000 npx vitest run --project unit src/core` does a thousand
 * times as many runs as the default, which is kept small enough for every commit.
 */
const factor = Math.max(1, Number(process.env["HOSTLER_FUZZ_RUNS"] ?? 1) || 1);

/** Parameters for `fc.assert`: so many runs, times what the environment asks for. */
export function runs(normal: number): { readonly numRuns: number } {
  return { numRuns: Math.round(normal * factor) };
}

/** Options for `it`: a property may take this long, on a machine that has other things to do as well. */
export const patience = { timeout: 60_000 * factor };
