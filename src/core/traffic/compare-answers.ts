import type { MirroredAnswer } from "../ports/endpoint-directory.ts";

export interface AnswerComparison {
  readonly isSame: boolean;
  /** Of all numbers that stand in the same place, in parts of the greater one; null where nothing was compared. */
  readonly largestDifference: number | null;
}

/** Numbers that differ by no more of their size are the same: two builds of one model differ in the last digits. */
const tolerance = 1e-6;
/** Both below this, numbers are noise around zero. */
const negligible = 1e-12;
/** Nothing that people send is nested so deeply, and comparing takes stack. */
const deepest = 100;

/** Two answers are the same if their statuses are, and their bodies: as JSON where they are JSON, else byte for byte. */
export function compareAnswers(live: MirroredAnswer, mirrored: MirroredAnswer): AnswerComparison {
  if (live.status !== mirrored.status) return { isSame: false, largestDifference: null };
  if (areSameBytes(live.body, mirrored.body)) return { isSame: true, largestDifference: 0 };
  const [one, other] = [parse(textOf(live.body)), parse(textOf(mirrored.body))];
  if (one === undefined || other === undefined) return { isSame: false, largestDifference: null };
  const comparer = new Comparer();
  const isSame = comparer.isSame(one, other, 0);
  return { isSame, largestDifference: comparer.largestDifference };
}

function areSameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.byteLength === other.byteLength && one.every((byte, index) => byte === other[index]);
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return "";
  }
}

/** Undefined for what is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

class Comparer {
  largestDifference: number | null = null;

  isSame(one: unknown, other: unknown, depth: number): boolean {
    if (typeof one === "number" && typeof other === "number") return this.#isSameNumber(one, other);
    if (typeof one === "string" && typeof other === "string") return this.#isSameText(one, other, depth);
    if (depth >= deepest || typeof one !== "object" || typeof other !== "object") return one === other;
    if (one === null || other === null) return one === other;
    if (Array.isArray(one) || Array.isArray(other)) {
      return Array.isArray(one) && Array.isArray(other) && this.#isSameList(one, other, depth);
    }
    return this.#isSameObject(one, other, depth);
  }

  #isSameNumber(one: number, other: number): boolean {
    const size = Math.max(Math.abs(one), Math.abs(other));
    const difference = size <= negligible ? 0 : Math.abs(one - other) / size;
    this.largestDifference = Math.max(this.largestDifference ?? 0, difference);
    return difference <= tolerance;
  }

  /** Scripts that return JSON as text have it encoded once more: what counts is what is inside. */
  #isSameText(one: string, other: string, depth: number): boolean {
    if (one === other) return true;
    const [inner, otherInner] = [parse(one), parse(other)];
    const areBothNested =
      typeof inner === "object" && inner !== null && typeof otherInner === "object" && otherInner !== null;
    return areBothNested && depth < deepest && this.isSame(inner, otherInner, depth + 1);
  }

  #isSameList(one: readonly unknown[], other: readonly unknown[], depth: number): boolean {
    if (one.length !== other.length) return false;
    // All of them, so that the largest difference is that of the whole answer.
    return one.reduce<boolean>((same, item, index) => {
      const isSameItem = this.isSame(item, other[index], depth + 1);
      return same && isSameItem;
    }, true);
  }

  #isSameObject(one: object, other: object, depth: number): boolean {
    const entries = Object.entries(one);
    const others = new Map<string, unknown>(Object.entries(other));
    if (entries.length !== others.size) return false;
    return entries.reduce<boolean>((same, [key, item]) => {
      const isSameItem = others.has(key) && this.isSame(item, others.get(key), depth + 1);
      return same && isSameItem;
    }, true);
  }
}
