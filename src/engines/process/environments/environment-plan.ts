import { createHash } from "node:crypto";
import type { RequirementCheck } from "./interpreters.ts";

/** How a Python environment comes about. */
export type EnvironmentPlan =
  /** An interpreter has everything already. */
  { readonly kind: "as-it-is"; readonly interpreter: string } | VirtualEnvironmentPlan;

export interface VirtualEnvironmentPlan {
  readonly kind: "virtual";
  /** The interpreter that it is made of. */
  readonly interpreter: string;
  readonly requirements: readonly string[];
  readonly options: readonly string[];
  /** Whether its pip can install into another environment, which then needs none of its own. */
  readonly lendsPip: boolean;
  /** Folders of packages that are seen from inside, behind its own. */
  readonly layeredOn: readonly string[];
  /** The same for equal plans. */
  readonly key: string;
}

/** The first whole version of pip that knows `--python`. */
const firstLendingPip = 23;

/**
 * What an interpreter lacks is put on top of what it has. Where it has another version of something, nothing of it is
 * taken over: compiled packages fit the versions that they were built beside, and no others.
 */
export function planEnvironment(
  { executable, python, folders, pip, unmet }: RequirementCheck,
  wanted: { readonly requirements: readonly string[]; readonly options: readonly string[] },
): EnvironmentPlan {
  if (unmet.length === 0) return { kind: "as-it-is", interpreter: executable };
  const isLayered = unmet.every(({ installed }) => installed === null);
  const requirements = isLayered ? unmet.map(({ requirement }) => requirement) : wanted.requirements;
  const layeredOn = isLayered ? folders : [];
  const content = [python, executable, requirements.toSorted(), wanted.options, layeredOn];
  const key = createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 24);
  const lendsPip = pip !== null && Number.parseInt(pip, 10) >= firstLendingPip;
  const { options } = wanted;
  return { kind: "virtual", interpreter: executable, requirements, options, lendsPip, layeredOn, key };
}
