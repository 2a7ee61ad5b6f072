import { type ModelSnapshot, modelToWire, type Overview } from "../../contracts/snapshot.ts";

/** A loaded model as a server tells of it; what a test does not care about is as usual. */
export function modelSnapshot(given: Partial<ModelSnapshot> = {}): ModelSnapshot {
  return {
    name: "mnist-svm",
    version: "v0.1.0",
    runtime: "sklearn",
    framework: "scikit-learn 1.9.1",
    state: "ready",
    isDefault: true,
    pinned: false,
    memoryBytes: 1_363_149,
    loadMs: 4.2,
    inputs: [{ name: "predict", datatype: "FP64", shape: [-1, 4] }],
    outputs: ["predict"],
    reason: null,
    hint: null,
    ...given,
  };
}

export function overviewOf(models: readonly ModelSnapshot[], problems: Overview["problems"] = []): Overview {
  return {
    server: { name: "mlserver", version: "0.1.0", url: "http://127.0.0.1:8080", metrics_url: null },
    models: models.map(modelToWire),
    problems,
  };
}
