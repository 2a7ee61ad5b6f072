import type { ServingError } from "../../contracts/serving-error.ts";
import type { HandlerItem } from "../ports/handler-launcher.ts";

/** A call to a hosted model. */
export interface HostedCall {
  /** Never rejects. */
  readonly outcome: Promise<InvokeOutcome>;
  /** Nobody waits for the answer any more: one that has not begun never does. To one that has ended this does nothing. */
  cancel(): void;
}

export type InvokeOutcome =
  | { readonly kind: "answered"; readonly item: HandlerItem }
  /** The handler failed: MMS's status, and its message. */
  | { readonly kind: "failed"; readonly status: number; readonly message: string; readonly type: string }
  /**
   * It did not come to an answer: MODEL_NOT_FOUND, MODEL_NOT_READY (no worker is wanted), QUEUE_FULL, DEADLINE_EXCEEDED
   * (it waited too long), WORKER_DIED (the process ended, or ran too long), SHUTTING_DOWN, CANCELLED.
   */
  | { readonly kind: "refused"; readonly error: ServingError };
