import { describe, expect, it } from "vitest";
import { modelFromWire, type ModelSnapshot, modelToWire, overviewSchema } from "./snapshot.ts";

const model: ModelSnapshot = {
  name: "m",
  version: null,
  runtime: "sklearn",
  framework: "scikit-learn 1.9.1",
  state: "ready",
  isDefault: true,
  pinned: false,
  memoryBytes: 1,
  loadMs: null,
  inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
  outputs: ["predict"],
  reason: null,
  hint: null,
};

describe("a snapshot", () => {
  it("survives the wire, and is what the schema says", () => {
    for (const snapshot of [model, { ...model, inputs: null, version: "1" }]) {
      const wire = modelToWire(snapshot);
      const overview = {
        server: { name: "s", version: "1", url: "http://h", metrics_url: null },
        models: [wire],
        problems: [],
      };
      const [read] = overviewSchema.parse(JSON.parse(JSON.stringify(overview))).models;
      expect(read && modelFromWire(read)).toEqual(snapshot);
      expect(Object.keys(wire).filter((key) => /[A-Z]/.test(key))).toEqual([]);
    }
  });
});
