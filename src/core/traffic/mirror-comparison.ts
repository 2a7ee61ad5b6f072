import type { Comparison } from "../../contracts/control/measurements.ts";
import type { DeploymentName } from "../../contracts/control/names.ts";
import type { MirroredPair, MirrorObserver } from "../ports/endpoint-directory.ts";
import { compareAnswers } from "./compare-answers.ts";

const mostExamples = 5;
const longestExample = 500;
/** Latency differences that the median is taken of: the newest ones. */
const mostDifferences = 1000;

type Example = Comparison["examples"][number];

/** How the answers of the mirrored deployment compare with the live ones. */
export class MirrorComparison implements MirrorObserver {
  #deployment: DeploymentName | null = null;
  #agreed = 0;
  #disagreed = 0;
  #dropped = 0;
  #failed = 0;
  #largestDifference: number | null = null;
  #differencesMs: number[] = [];
  #examples: readonly Example[] = [];

  /** Which deployment gets the copies now; another one begins anew. */
  watch(deployment: DeploymentName | null): void {
    if (deployment === this.#deployment) return;
    this.reset();
    this.#deployment = deployment;
  }

  compared(pair: MirroredPair): void {
    if (pair.deployment !== this.#deployment) return;
    const { live, mirrored } = pair;
    const { isSame, largestDifference } = compareAnswers(live, mirrored);
    this.#differencesMs[this.#compared % mostDifferences] = mirrored.totalMs - live.totalMs;
    if (isSame) this.#agreed += 1;
    else {
      this.#disagreed += 1;
      this.#examples = [...this.#examples, exampleOf(pair)].slice(-mostExamples);
    }
    if (largestDifference !== null)
      this.#largestDifference = Math.max(this.#largestDifference ?? 0, largestDifference);
  }

  dropped(): void {
    this.#dropped += 1;
  }

  failed(): void {
    this.#failed += 1;
  }

  reset(): void {
    this.#agreed = 0;
    this.#disagreed = 0;
    this.#dropped = 0;
    this.#failed = 0;
    this.#largestDifference = null;
    this.#differencesMs = [];
    this.#examples = [];
  }

  get #compared(): number {
    return this.#agreed + this.#disagreed;
  }

  /** Null where nothing is mirrored. */
  summary(): Comparison | null {
    if (this.#deployment === null) return null;
    return {
      deployment: this.#deployment,
      compared: this.#compared,
      agreed: this.#agreed,
      disagreed: this.#disagreed,
      dropped: this.#dropped,
      failed: this.#failed,
      largest_difference: this.#largestDifference,
      median_latency_difference_ms: medianOf(this.#differencesMs),
      examples: [...this.#examples],
    };
  }
}

function exampleOf({ request, live, mirrored }: MirroredPair): Example {
  return {
    request: excerptOf(request),
    live: `${String(live.status)} ${excerptOf(live.body)}`,
    mirrored: `${String(mirrored.status)} ${excerptOf(mirrored.body)}`,
  };
}

const decoder = new TextDecoder();

function excerptOf(bytes: Uint8Array): string {
  const text = decoder.decode(bytes.subarray(0, longestExample));
  return bytes.byteLength <= longestExample ? text : `${text}…`;
}

function medianOf(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  return middle === undefined ? null : Math.round(middle * 1000) / 1000;
}
