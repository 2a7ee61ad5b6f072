import { ServingError } from "../../contracts/serving-error.ts";
import type { Batch } from "../scheduling/batch.ts";
import { FakeModelSource } from "./fake-model-source.ts";
import { echo, FakeRuntime } from "./fake-runtime.ts";
import { modelSourceContract } from "./model-source-contract.ts";
import { runtimeContract } from "./runtime-contract.ts";
import { specOf } from "./specs.ts";
import { VirtualClock } from "./virtual-clock.ts";

runtimeContract(() => {
  const clock = new VirtualClock();
  const refusal = new ServingError("INVALID_INPUT", "no rows");
  const runtime = new FakeRuntime({
    clock,
    about: (spec) => ({
      loadFailure: spec.name === "broken" ? new ServingError("MODEL_LOAD_FAILED", "broken") : null,
      run: (batch) =>
        batch.rows > 0 ? echo(batch) : { computeMs: 1, finish: () => ({ kind: "failed", error: refusal }) },
    }),
  });
  return Promise.resolve({
    runtime,
    spec: specOf("good"),
    brokenSpec: specOf("broken"),
    goodBatch: batchOf,
    badBatch: batchOf(0),
    until: (promise) => clock.until(promise),
  });
});

function batchOf(rows: number): Batch {
  const bytes = Uint8Array.from({ length: rows }, (_, row) => row);
  const tensor = {
    name: "x",
    datatype: "UINT8",
    shape: [rows, 1],
    data: { encoding: "binary", bytes },
  } as const;
  return { calls: 1, rows, payload: { kind: "tensors", tensors: [tensor] }, outputs: null, parameters: null };
}

modelSourceContract(() => {
  const labels = ["a@1", "a@2", "b"];
  const source = new FakeModelSource(labels.map((label) => specOf(label)));
  source.problems = [{ name: "c", where: "c/model-settings.json:3:1", reason: "not JSON" }];
  return Promise.resolve({ source, labels, broken: ["c"] });
});
