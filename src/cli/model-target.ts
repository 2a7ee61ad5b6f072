import { ServingError } from "../contracts/serving-error.ts";
import type { ModelSnapshot } from "../contracts/snapshot.ts";
import { required } from "./framework/option.ts";
import { labelOf } from "./model-table.ts";

export interface ModelTarget {
  readonly name: string;
  /** Null for whichever version answers. */
  readonly version: string | null;
}

export const modelArgument = required({
  name: "MODEL",
  help: "name of the model, or name@version",
  completes: "model",
});

/** `name` or `name@version`; without a version the server decides which one answers. */
export function parseTarget(typed: string): ModelTarget {
  const at = typed.lastIndexOf("@");
  return at <= 0
    ? { name: typed, version: null }
    : { name: typed.slice(0, at), version: typed.slice(at + 1) };
}

export function inferPath({ name, version }: ModelTarget): string {
  const versioned = version === null ? "" : `/versions/${encodeURIComponent(version)}`;
  return `/v2/models/${encodeURIComponent(name)}${versioned}/infer`;
}

/** The snapshot of the version that would answer. */
export function findModel(models: readonly ModelSnapshot[], target: ModelTarget, url: string): ModelSnapshot {
  const found = models.find(
    ({ name, version, isDefault }) =>
      name === target.name && (target.version === null ? isDefault : version === target.version),
  );
  if (found !== undefined) return found;
  const served = models.length === 0 ? "nothing" : models.map(labelOf).join(", ");
  throw new ServingError("MODEL_NOT_FOUND", `There is no model ${labelOf(target)} at ${url}.`, {
    model: target.name,
    hint: `Served there: ${served}.`,
  });
}
