import { ModelVersion } from "../models/model-version.ts";
import type { ModelSpec } from "../models/model-spec.ts";
import { Residency } from "../residency/residency.ts";
import { ModelQueue } from "../scheduling/model-queue.ts";
import { FakeMemoryProbe } from "./fake-memory-probe.ts";
import { type FakeModel, FakeRuntime } from "./fake-runtime.ts";
import { callOf, endingOf, type Ending } from "./queue-rig.ts";
import { RecordingLogger, RecordingMeter } from "./recorders.ts";
import { specOf } from "./specs.ts";
import { VirtualClock } from "./virtual-clock.ts";

export interface ResidencyRigOptions {
  readonly budgetBytes?: number;
  readonly concurrentLoads?: number;
  readonly about?: (spec: ModelSpec) => Partial<FakeModel>;
}

/** What a model of these rigs needs, unless it is said otherwise: the least that is ever reckoned with. */
export const modelBytes = 2 ** 20;

/** Residency with fakes on all sides. */
export class ResidencyRig {
  readonly clock = new VirtualClock();
  readonly logger = new RecordingLogger();
  readonly meter = new RecordingMeter();
  readonly runtime: FakeRuntime;
  readonly residency: Residency;

  constructor({ budgetBytes, concurrentLoads = 4, about = () => ({}) }: ResidencyRigOptions = {}) {
    const { clock, logger, meter } = this;
    this.runtime = new FakeRuntime({
      clock,
      about: (spec) => ({
        loadMs: 10,
        unloadMs: 5,
        description: { memoryBytes: modelBytes },
        ...about(spec),
      }),
    });
    this.residency = new Residency({
      clock,
      logger,
      meter,
      runtime: this.runtime,
      probe: new FakeMemoryProbe(clock, () => this.runtime.heldBytes),
      budgetBytes: budgetBytes ?? null,
      concurrentLoads,
    });
  }

  version(name: string, fields: Partial<Pick<ModelSpec, "pinned">> = {}): ModelVersion {
    const queue = new ModelQueue({
      clock: this.clock,
      label: name,
      queueLimit: 1000,
      onBatch: () => undefined,
    });
    return new ModelVersion(specOf(name, fields), queue);
  }

  versions(...names: readonly string[]): readonly ModelVersion[] {
    return names.map((name) => this.version(name));
  }

  /** A caller's way to a model: throws where residency refuses at once. */
  call(version: ModelVersion, number = 7): { ending: Ending } {
    this.residency.use(version);
    return endingOf(version.queue.submit(callOf(number)));
  }

  /** Loads one after the other, a little while between. */
  async load(...versions: readonly ModelVersion[]): Promise<void> {
    for (const version of versions) {
      await this.clock.until(this.residency.load(version, { cold: false }));
      await this.clock.advance(1);
    }
  }

  /** What is in memory, as `a b`. */
  get resident(): string {
    return [...this.residency.resident]
      .map(({ label }) => label)
      .sort()
      .join(" ");
  }
}
