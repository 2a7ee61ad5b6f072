import type { ModelSnapshot } from "../contracts/snapshot.ts";
import type { ModelRegistry } from "../core/models/registry.ts";
import type { ModelVersion } from "../core/models/model-version.ts";

/** Every model as it is now, by name. */
export function snapshotsOf(registry: ModelRegistry): readonly ModelSnapshot[] {
  return [...registry.versions()]
    .map((version) => snapshotOf(version, registry.isPreferred(version)))
    .sort((one, other) => one.name.localeCompare(other.name));
}

function snapshotOf(model: ModelVersion, isDefault: boolean): ModelSnapshot {
  const { spec, description, state, memoryBytes, failure } = model;
  return {
    name: spec.name,
    version: spec.version,
    runtime: spec.runtime,
    framework: description?.framework ?? null,
    state,
    isDefault,
    pinned: spec.pinned,
    memoryBytes: state === "ready" ? memoryBytes : null,
    loadMs: description?.loadMs ?? null,
    inputs: description?.inputs ?? null,
    outputs: description?.outputs ?? [],
    reason: failure?.message ?? null,
    hint: failure?.details.hint ?? null,
  };
}
