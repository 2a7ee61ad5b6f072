import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ServingError } from "../../contracts/serving-error.ts";
import { runs } from "../testing/fuzz.ts";
import { specOf } from "../testing/specs.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { ModelQueue } from "../scheduling/model-queue.ts";
import { ModelVersion } from "./model-version.ts";
import { ModelRegistry } from "./registry.ts";
import { defaultVersion } from "./version-order.ts";

function versionOf(label: string): ModelVersion {
  const queue = new ModelQueue({ clock: new VirtualClock(), label, queueLimit: 1, onBatch: () => undefined });
  return new ModelVersion(specOf(label), queue);
}

function registryOf(...labels: readonly string[]): ModelRegistry {
  const registry = new ModelRegistry("natural");
  for (const label of labels) registry.put(versionOf(label));
  return registry;
}

function missing(registry: ModelRegistry, name: string, version: string | null): ServingError {
  try {
    registry.resolve(name, version);
  } catch (error) {
    return ServingError.from(error);
  }
  throw new Error("It was found.");
}

describe("ModelRegistry", () => {
  it("answers without a version by the newest, in either order", () => {
    expect(registryOf("m@v9", "m@v10", "m@v2").resolve("m", null).label).toBe("m@v10");
    const asMlserver = new ModelRegistry("mlserver");
    for (const label of ["m@v9", "m@v10"]) asMlserver.put(versionOf(label));
    expect(asMlserver.resolve("m", null).label).toBe("m@v9");
  });

  it("takes an empty version for none, as MLServer does", () => {
    expect(registryOf("m@1").resolve("m", "").label).toBe("m@1");
  });

  it("says in MLServer's words what is not there", () => {
    const registry = registryOf("m@1");
    expect(missing(registry, "x", null)).toMatchObject({
      message: "Model x not found",
      details: { model: "x" },
    });
    expect(missing(registry, "m", "2")).toMatchObject({
      code: "MODEL_NOT_FOUND",
      message: "Model m with version 2 not found",
      details: { model: "m", version: "2" },
    });
    expect(missing(registry, "__proto__", null).code).toBe("MODEL_NOT_FOUND");
  });

  it("puts an object in the place of an older one, and takes out only the one that is there", () => {
    const registry = registryOf("m@1");
    const [old, next] = [registry.resolve("m", "1"), versionOf("m@1")];
    expect(registry.put(next)).toBe(old);
    registry.remove(old);
    expect(registry.resolve("m", "1")).toBe(next);
    registry.remove(next);
    registry.remove(next);
    expect([...registry.versions()]).toEqual([]);
  });

  it("prefers what the order says, after any sequence of changes", () => {
    const names = ["1", "2", "10", "v3", "rc1"];
    const change = fc.record({ version: fc.constantFrom(...names), isThere: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
        const registry = new ModelRegistry("natural");
        const present = new Map<string, ModelVersion>();
        for (const { version, isThere } of changes) {
          const known = present.get(version);
          if (isThere && known === undefined) {
            const added = versionOf(`m@${version}`);
            registry.put(added);
            present.set(version, added);
          } else if (!isThere && known !== undefined) {
            registry.remove(known);
            present.delete(version);
          }
        }
        expect(new Set(registry.versionsOf("m"))).toEqual(new Set(present.values()));
        const preferred = [...present.values()].filter((version) => registry.isPreferred(version));
        expect(preferred.map(({ spec }) => spec.version)).toEqual(
          present.size === 0 ? [] : [defaultVersion(present.keys(), "natural")],
        );
      }),
      runs(200),
    );
  });
});
