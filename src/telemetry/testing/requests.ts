import { ModelVersion } from "../../core/models/model-version.ts";
import type { RequestRecord } from "../../core/ports/request-observer.ts";
import { ModelQueue } from "../../core/scheduling/model-queue.ts";
import { specOf } from "../../core/testing/specs.ts";
import { VirtualClock } from "../../core/testing/virtual-clock.ts";

export const inferRoute = "/v2/models/:name/versions/:version/infer";
export const readyRoute = "/v2/health/ready";

/** A model that nobody has loaded. */
export function modelOf(label: string): ModelVersion {
  const queue = new ModelQueue({
    clock: new VirtualClock(),
    label,
    queueLimit: 1,
    onBatch: () => undefined,
  });
  return new ModelVersion(specOf(label), queue);
}

/** A prediction that went well, but for these fields. */
export function requestOf(fields: Partial<RequestRecord> = {}): RequestRecord {
  return {
    protocol: "v2",
    method: "POST",
    route: inferRoute,
    status: 200,
    code: null,
    model: null,
    requestedVersion: null,
    requestId: null,
    bytesIn: 400,
    bytesOut: 221,
    timing: { queueMs: 0.1, computeMs: 0.4, batchCalls: 2 },
    totalMs: 0.75,
    error: null,
    ...fields,
  };
}
