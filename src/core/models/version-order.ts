import type { versionPolicies } from "../../contracts/settings.ts";

/** How the version is chosen that answers requests without one. */
export type VersionPolicy = (typeof versionPolicies)[number];

/**
 * The version that answers when a request names none; undefined where there are no versions.
 *
 * A model without a version always goes first, as in MLServer. Among versions, "natural" takes the newest by
 * {@link compareNatural}, "mlserver" what MLServer would take.
 */
export function defaultVersion<V extends string>(
  versions: Iterable<V | null>,
  policy: VersionPolicy,
): V | null | undefined {
  const compare = policy === "natural" ? compareNatural : compareAsMlserver;
  let newest: V | undefined;
  for (const version of versions) {
    if (version === null) return null;
    if (newest === undefined || compare(version, newest) > 0) newest = version;
  }
  return newest;
}

/**
 * Orders versions as people read them: v10 after v9, 1.10 after 1.9, 1.0-rc1 before 1.0. Negative where `a` is older.
 * A total order: two different texts are never equal.
 */
export function compareNatural(a: string, b: string): number {
  const left = partsOf(a);
  const right = partsOf(b);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const order = compareParts(left[index] ?? END, right[index] ?? END);
    if (order !== 0) return order;
  }
  return compareText(a, b);
}

/**
 * MLServer's rule: as numbers where both are integers, else as text. It is not transitive (8 > 7, but v3 > 8), so that
 * what it takes for the newest depends on the order in which versions are compared.
 */
export function compareAsMlserver(a: string, b: string): number {
  const left = pythonInteger(a);
  const right = pythonInteger(b);
  if (left === undefined || right === undefined) return compareText(a, b);
  return left === right ? 0 : left < right ? -1 : 1;
}

interface Part {
  /** Parts of different rank are ordered by it alone: that is what makes the whole order transitive. */
  readonly rank: number;
  readonly number: bigint;
  readonly word: string;
}

/** Words that say "not yet": 1.0-rc1 comes before 1.0. */
const previews = new Set(["dev", "snapshot", "alpha", "beta", "pre", "preview", "rc"]);

const ranks = { preview: 0, end: 1, word: 2, number: 3 };

const END: Part = { rank: ranks.end, number: 0n, word: "" };

function partsOf(version: string): readonly Part[] {
  const pieces = version.replace(/^v(?=\d)/i, "").match(/\d+|[a-z]+/gi) ?? [];
  return pieces.map((piece) => {
    if (/^\d/.test(piece)) return { rank: ranks.number, number: BigInt(piece), word: "" };
    const word = piece.toLowerCase();
    return { rank: previews.has(word) ? ranks.preview : ranks.word, number: 0n, word };
  });
}

function compareParts(a: Part, b: Part): number {
  if (a.rank !== b.rank) return a.rank - b.rank;
  if (a.number !== b.number) return a.number < b.number ? -1 : 1;
  return compareText(a.word, b.word);
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** What Python's `int()` reads of the texts that a version can be. */
function pythonInteger(text: string): bigint | undefined {
  return /^\d+(?:_\d+)*$/.test(text) ? BigInt(text.replaceAll("_", "")) : undefined;
}
