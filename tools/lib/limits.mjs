/** The most lines that a file may have. */
const MOST_LINES = 400;

/** What switches a check off in passing; each is written so that it does not match itself. */
const suppressions = [
  /eslint-(?:disable|enable)/,
  /biome-(?:ignore)/,
  /@ts-(?:ignore|expect-error|nocheck)/,
  /\bas (?:unknown|any) as\b/,
  /# (?:type: ?ignore|noqa|ruff: ?noqa|mypy:|pragma: ?no|fmt: ?(?:off|skip))/,
  /\b(?:v8|c8|istanbul) (?:ignore)/,
  /\b(?:it|test|describe|suite)\.(?:only|todo|fails)\b/,
];

/** Allowed in acceptance tests alone, where tests/skips.json must give the reason: see vitest-tally.mjs. */
const skips = [
  /\b(?:it|test|describe|suite)\.(?:skip|skipIf|runIf)\b/,
  /\b(?:pytest)\.(?:mark\.(?:skip|skipif|xfail)|skip|xfail|importorskip)\b/,
];

/**
 * @param {string} file relative to the root
 * @param {string} text what it contains
 * @returns {string[]}
 */
export function complaintsAbout(file, text) {
  const lines = text.trimEnd().split("\n");
  const forbidden = file.startsWith("tests/acceptance/") ? suppressions : [...suppressions, ...skips];
  const found = lines.flatMap((line, index) =>
    forbidden.some((pattern) => pattern.test(line))
      ? [`${file}:${String(index + 1)}: switches a check off: ${line.trim()}`]
      : [],
  );
  if (lines.length > MOST_LINES)
    found.push(`${file}: ${String(lines.length)} lines, at most ${String(MOST_LINES)}`);
  return found;
}
