import { ServingError } from "../../contracts/serving-error.ts";
import { labelOf, type ModelSpec } from "../models/model-spec.ts";
import type { ModelVersion } from "../models/model-version.ts";
import { ModelRegistry } from "../models/registry.ts";
import type { Batch } from "../scheduling/batch.ts";
import { InferenceEngine } from "../serving/inference-engine.ts";
import { FakeModelSource } from "./fake-model-source.ts";
import type { FakeModel } from "./fake-runtime.ts";
import type { FakeWork } from "./fake-worker.ts";
import { callOf } from "./queue-rig.ts";
import { ResidencyRig, type ResidencyRigOptions } from "./residency-rig.ts";
import { specOf } from "./specs.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** How long a model of these rigs takes for a batch. */
export const computeMs = 10;

/** What became of a call: what its model calls itself, or the code of the error. */
export interface Answer {
  by: string | null;
  at: number;
}

export interface EngineRigOptions extends ResidencyRigOptions {
  readonly queueLimit?: number;
}

/** The whole core with fakes on all sides; models answer with their label and the generation of their spec. */
export class EngineRig {
  readonly source = new FakeModelSource();
  readonly residency: ResidencyRig;
  readonly engine: InferenceEngine;
  #number = 0;

  constructor({ queueLimit = 100, about, ...options }: EngineRigOptions = {}) {
    this.residency = new ResidencyRig({
      ...options,
      about: (spec) => ({ run: answering(spec), ...about?.(spec) }),
    });
    const { clock, logger, meter, residency } = this.residency;
    const registry = new ModelRegistry("natural");
    this.engine = new InferenceEngine({
      clock,
      logger,
      meter,
      registry,
      residency,
      source: this.source,
      queueLimit,
    });
  }

  get clock(): VirtualClock {
    return this.residency.clock;
  }

  /** Puts these models on disk, instead of those that were there. */
  onDisk(generation: number, ...labels: readonly string[]): void {
    this.source.specs = labels.map((label) => specOf(label, { extra: { generation } }));
  }

  /** Starts with these models loaded. */
  async start(...labels: readonly string[]): Promise<void> {
    this.onDisk(1, ...labels);
    await this.engine.discover();
    await this.clock.until(this.engine.loadAll());
  }

  /** A call as a protocol makes it. */
  call(name: string, version: string | null = null): Answer {
    const answer: Answer = { by: null, at: 0 };
    const settle = (by: string): void => {
      Object.assign(answer, { by, at: this.clock.now() });
    };
    this.#number += 1;
    try {
      const model = this.engine.resolve(name, version);
      const { reply } = this.engine.infer(model, callOf(this.#number));
      reply.then(
        ({ result }) => {
          settle(result.outputs[0]?.name ?? "nobody");
        },
        (error: unknown) => {
          settle(ServingError.from(error).code);
        },
      );
    } catch (error) {
      settle(ServingError.from(error).code);
    }
    return answer;
  }

  /** `label: state` of all that is registered. */
  get states(): readonly string[] {
    return [...this.engine.registry.versions()].map(
      (version: ModelVersion) => `${version.label}: ${version.state}`,
    );
  }
}

/** Says who it is, for every row. */
function answering(spec: ModelSpec): FakeModel["run"] {
  const name = `${labelOf(spec)} #${JSON.stringify(spec.extra["generation"])}`;
  return ({ payload }: Batch): FakeWork => {
    const tensors = payload.kind === "tensors" ? payload.tensors : [];
    const result = { outputs: tensors.map((tensor) => ({ ...tensor, name })) };
    return { computeMs, finish: () => ({ kind: "done", result, computeMs }) };
  };
}
