import type { BackendBody } from "./backend.ts";
import type { ServingError } from "../../contracts/serving-error.ts";

/** SageMaker's endpoints as its data plane sees them: in memory, always current. */
export interface HostedDirectory {
  find(name: string): CallableEndpoint | undefined;
}

export interface CallableEndpoint {
  readonly name: string;
  /** Whether it takes asynchronous calls, and no others. */
  readonly isAsync: boolean;
  /** Never rejects: an outcome says what happened. */
  invoke(invocation: Invocation): InvocationRun;
  /** Takes a call that nobody waits for; rejects with INVALID_REQUEST. */
  submit(call: AsyncInvocation): Promise<AsyncTicket>;
}

/** One call, as the container gets it, and where it is to go. */
export interface Invocation {
  /** Name and value in turn. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
  readonly targetModel: string | null;
  readonly targetVariant: string | null;
  /** Which container of several. */
  readonly targetContainer: string | null;
  readonly sessionId: string | null;
  /** How long the container has, from the sending of the request to the head of its answer. */
  readonly timeoutMs: number;
}

export interface InvocationRun {
  readonly outcome: Promise<InvocationOutcome>;
  /** Nobody waits for the answer any more. */
  cancel(): void;
}

export type InvocationOutcome =
  | {
      readonly kind: "answered";
      readonly variant: string;
      /** How the container is called in messages: `primary`, or its hostname. */
      readonly container: string;
      readonly status: number;
      /** Name and value in turn, names in lower case. */
      readonly headers: readonly string[];
      readonly body: BackendBody;
    }
  /** The container gave no answer, or could not load the model. */
  | {
      readonly kind: "failed";
      readonly variant: string;
      readonly container: string;
      readonly error: ServingError;
    }
  /** No container was asked. */
  | { readonly kind: "refused"; readonly error: ServingError };

/** A call whose answer is written somewhere. */
export interface AsyncInvocation {
  readonly headers: readonly string[];
  /** Where the body lies, or the body. */
  readonly input:
    | { readonly kind: "location"; readonly url: string }
    | { readonly kind: "body"; readonly body: Uint8Array };
  readonly inferenceId: string;
  readonly fileName: string | null;
  readonly pathExtension: string | null;
  readonly ttlMs: number;
  readonly timeoutMs: number;
}

export interface AsyncTicket {
  readonly outputLocation: string;
  readonly failureLocation: string | null;
}
