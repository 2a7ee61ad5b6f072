import type { ErrorCode } from "../../contracts/errors.ts";
import { statusOf as httpStatusOf } from "../http/errors.ts";
import type { LiveEndpoint } from "../../core/ports/endpoint-directory.ts";

export type StatusMode = LiveEndpoint["statusMode"];

/** How an error reaches a caller of an endpoint. */
export interface Refusal {
  readonly status: number;
  /** Status that the instance would have answered; null where it is not about the instance. */
  readonly modelStatus: number | null;
  /** As Azure names it; null where it is not about the instance. */
  readonly reason: string | null;
}

/** Errors that Azure tells as the model's: there the status is 424, and the true one is in a header. */
const aboutModel: ReadonlyMap<ErrorCode, { readonly modelStatus: number; readonly reason: string }> = new Map(
  [
    ["INSTANCE_NOT_READY", { modelStatus: 503, reason: "model_not_ready" }],
    ["WORKER_DIED", { modelStatus: 502, reason: "model_error" }],
  ],
);

export const failedDependency = 424;
export const modelError = "model_error";

export function refusalOf(code: ErrorCode, mode: StatusMode): Refusal {
  const model = aboutModel.get(code);
  if (model !== undefined) {
    return { ...model, status: mode === "azure" ? failedDependency : model.modelStatus };
  }
  if (code === "DEADLINE_EXCEEDED") return { status: 408, modelStatus: null, reason: "model_timeout" };
  if (code === "QUEUE_FULL") return { status: 429, modelStatus: null, reason: "too_many_pending_request" };
  return { status: httpStatusOf[code], modelStatus: null, reason: null };
}
