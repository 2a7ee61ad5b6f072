import { trafficCycle } from "../../core/traffic/traffic-cycle.ts";

/** Longest cycle that weights are told exactly in; others come as near to it as a thousandth. */
const longestCycle = 1_000;
/** Weights that come from text or from arithmetic are whole multiples of each other but for this much. */
const tolerance = 1e-9;

/** Whole numbers in the proportion of the weights, as small as they can be. */
export function wholeShares(weights: readonly number[]): readonly number[] {
  const smallest = Math.min(...weights.filter((weight) => weight > 0));
  if (!Number.isFinite(smallest)) return weights.map(() => 0);
  for (let factor = 1; factor <= longestCycle; factor += 1) {
    const scaled = weights.map((weight) => (weight / smallest) * factor);
    const whole = scaled.map(Math.round);
    if (sumOf(whole) > longestCycle) break;
    if (scaled.every((value, index) => Math.abs(value - (whole[index] ?? 0)) <= tolerance * value))
      return whole;
  }
  return nearShares(weights);
}

/** A thousand turns, given out by the largest remainders; nobody with a weight goes without. */
function nearShares(weights: readonly number[]): readonly number[] {
  const sum = sumOf(weights);
  const exact = weights.map((weight) => (weight / sum) * longestCycle);
  const shares = exact.map((value) => (value > 0 ? Math.max(1, Math.floor(value)) : 0));
  const byRemainder = [...exact.keys()].sort((a, b) => remainder(exact[b]) - remainder(exact[a]));
  let left = longestCycle - sumOf(shares);
  for (const index of byRemainder) {
    if (left <= 0) break;
    if ((exact[index] ?? 0) <= 0) continue;
    shares[index] = (shares[index] ?? 0) + 1;
    left -= 1;
  }
  return shares;
}

function remainder(value = 0): number {
  return value - Math.floor(value);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Whose turn it is: each variant gets exactly its share, evenly spread. */
export class VariantTurns {
  readonly #order: readonly string[];
  #next = 0;

  constructor(weights: Readonly<Record<string, number>>) {
    const names = Object.keys(weights);
    const shares = wholeShares(Object.values(weights));
    const traffic = Object.fromEntries(names.map((name, index) => [name, shares[index] ?? 0]));
    this.#order = trafficCycle(traffic, {}).map(({ deployment }) => deployment);
  }

  /** Null where no variant has any weight. */
  next(): string | null {
    const name = this.#order[this.#next];
    this.#next = (this.#next + 1) % Math.max(1, this.#order.length);
    return name ?? null;
  }
}

/** Which calls are copied: a shadow gets as large a part of them as its weight is of the production variants'. */
export class ShadowTurns {
  readonly #part: number;
  #due = 0;

  /** @param part of all calls, 0 to 1 */
  constructor(part: number) {
    this.#part = Math.min(1, Math.max(0, part));
  }

  next(): boolean {
    this.#due += this.#part;
    if (this.#due < 1 - tolerance) return false;
    this.#due -= 1;
    return true;
  }
}
