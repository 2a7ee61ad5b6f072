import { ServingError } from "../../contracts/serving-error.ts";
import type { HandlerRequest } from "../ports/handler-launcher.ts";
import type { HostedCall, InvokeOutcome } from "./hosted-call.ts";

/** One call from its arrival to its one outcome. */
export class PendingInvoke implements HostedCall {
  readonly request: HandlerRequest;
  readonly arrivedAt: number;
  readonly outcome: Promise<InvokeOutcome>;
  readonly #resolve: (outcome: InvokeOutcome) => void;
  readonly #left: () => void;
  #isSettled = false;
  #isStreaming = false;
  #hasLeft = false;

  /** @param left told when the caller leaves before the outcome */
  constructor(request: HandlerRequest, arrivedAt: number, left: () => void) {
    this.#left = left;
    this.request = request;
    this.arrivedAt = arrivedAt;
    const { promise, resolve } = Promise.withResolvers<InvokeOutcome>();
    this.outcome = promise;
    this.#resolve = resolve;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Whether nobody waits for its answer, or reads on in it. */
  get isLeft(): boolean {
    return this.#isStreaming ? this.#hasLeft : this.#isSettled;
  }

  /** Its answer has begun, and goes on. */
  beginStream(): void {
    this.#isStreaming = true;
    // Who has been refused before reads nothing.
    this.#hasLeft ||= this.#isSettled;
  }

  /** The first outcome counts; whether this was it. */
  settle(outcome: InvokeOutcome): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#resolve(outcome);
    return true;
  }

  refuse(error: ServingError): boolean {
    return this.settle({ kind: "refused", error });
  }

  cancel(): void {
    // Asked at the end of every exchange: an error that nobody sees would cost more than the call.
    if (this.#isSettled && !this.#isStreaming) return;
    this.#hasLeft = true;
    if (!this.#isSettled) this.refuse(new ServingError("CANCELLED", "The caller went away."));
    this.#left();
  }
}

/** A call that never waits. */
export function refusedCall(error: ServingError): HostedCall {
  return { outcome: Promise.resolve({ kind: "refused", error }), cancel: () => undefined };
}
