import type { ContainerDefinition } from "../../contracts/sagemaker/model.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { BackendBody, BackendCall, BackendOutcome } from "../../core/ports/backend.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { ContainerRequest, ModelContainer } from "../../core/ports/model-container.ts";
import type { ModelShelf, ShelfUse } from "./model-shelf.ts";
import { patiently } from "./patience.ts";

/** A container that is up, and the models in it where there may be many. */
export interface RunningContainer {
  readonly definition: ContainerDefinition;
  /** As messages call it: `primary`, `model`, or its hostname. */
  readonly label: string;
  readonly container: ModelContainer;
  readonly shelf: ModelShelf | null;
}

export type ContainerAnswer = Extract<BackendOutcome, { kind: "answered" }> & {
  /** From the sending of the request to the head of its answer. */
  readonly modelMs: number;
};

/** Ends what is under way for a caller who has left. */
export class Cancellation {
  #call: BackendCall | null = null;
  #isCancelled = false;

  follow(call: BackendCall): void {
    this.#call = call;
    if (this.#isCancelled) call.cancel();
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#call?.cancel();
  }
}

export interface ContainerCallOptions {
  readonly clock: Clock;
  readonly targetModel: string | null;
  readonly timeoutMs: number;
  readonly cancellation: Cancellation;
}

/**
 * Asks a container. What is read of the answer's body keeps the model in memory.
 *
 * @throws ServingError INVALID_REQUEST, MODEL_NOT_READY, MODEL_LOAD_FAILED, OUT_OF_MEMORY where the model is not to be
 *   had; DEADLINE_EXCEEDED, WORKER_DIED where there is no answer
 */
export async function callContainer(
  running: RunningContainer,
  request: ContainerRequest,
  options: ContainerCallOptions,
): Promise<ContainerAnswer> {
  try {
    return await callOnce(running, request, options);
  } catch (error) {
    if (!(error instanceof LostModel)) throw error;
    // The container had lost the model, and has taken nothing of the call.
    return await callOnce(running, request, options);
  }
}

/** Nothing was begun, since the model was not there any more. */
class LostModel extends ServingError {}

async function callOnce(
  running: RunningContainer,
  request: ContainerRequest,
  options: ContainerCallOptions,
): Promise<ContainerAnswer> {
  const use = await modelFor(running, options.targetModel);
  try {
    const answer = await ask(running, use, { request, options });
    const { body } = answer;
    if (use === null) return answer;
    if (body instanceof Uint8Array) use.done();
    return body instanceof Uint8Array ? answer : { ...answer, body: keeping(body, use) };
  } catch (error) {
    use?.done();
    throw error;
  }
}

async function modelFor({ shelf }: RunningContainer, target: string | null): Promise<ShelfUse | null> {
  if (shelf === null && target === null) return null;
  if (shelf === null) {
    throw new ServingError(
      "INVALID_REQUEST",
      "TargetModel can only be given for an endpoint of many models (Mode MultiModel).",
      {
        field: "TargetModel",
        got: target ?? "",
      },
    );
  }
  if (target !== null) return shelf.use(target);
  throw new ServingError("INVALID_REQUEST", "The endpoint has many models: TargetModel has to name one.", {
    field: "TargetModel",
    expected: "the name of a model below ModelDataUrl",
    got: "nothing",
  });
}

async function ask(
  { container, shelf, label }: RunningContainer,
  use: ShelfUse | null,
  { request, options }: { readonly request: ContainerRequest; readonly options: ContainerCallOptions },
): Promise<ContainerAnswer> {
  const { clock, timeoutMs, cancellation } = options;
  const startedAt = clock.now();
  const call = container.invoke(use?.model.id ?? null, request);
  cancellation.follow(call);
  const late = (): ServingError => {
    call.cancel();
    return new ServingError(
      "DEADLINE_EXCEEDED",
      `Your invocation timed out while waiting for a response from container ${label}.`,
      { hint: `It had ${String(timeoutMs / 1000)} s.` },
    );
  };
  const outcome = await patiently(call.outcome, { clock, ms: timeoutMs, late });
  if (outcome.kind === "answered") return { ...outcome, modelMs: clock.now() - startedAt };
  if (use === null || outcome.kind === "failed") throw new ServingError("WORKER_DIED", outcome.reason);
  shelf?.forget(use.model);
  throw new LostModel("WORKER_DIED", outcome.reason);
}

/** A body whose model stays until it has been read, or is not wanted any more. */
async function* keeping(body: Exclude<BackendBody, Uint8Array>, use: ShelfUse): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } finally {
    use.done();
  }
}
