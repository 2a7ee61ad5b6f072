import { labelOf, type ModelSpec } from "../models/model-spec.ts";
import { ModelVersion } from "../models/model-version.ts";
import type { Clock } from "../ports/clock.ts";
import type { Meter } from "../ports/meter.ts";
import { ModelQueue } from "../scheduling/model-queue.ts";

export interface QueueOptions {
  readonly clock: Clock;
  readonly meter: Meter;
  /** Calls that wait, at most. */
  readonly queueLimit: number;
}

/** A version of a model with the queue in front of it, whose batches are metered. */
export function queuedVersion(spec: ModelSpec, { clock, meter, queueLimit }: QueueOptions): ModelVersion {
  const queue = new ModelQueue({
    clock,
    label: labelOf(spec),
    queueLimit,
    onBatch: (calls, rows, computeMs) => {
      meter.batchEnded(version, { calls, rows, computeMs });
    },
  });
  const version: ModelVersion = new ModelVersion(spec, queue);
  return version;
}
