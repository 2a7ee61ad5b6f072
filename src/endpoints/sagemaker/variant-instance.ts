import type { ContainerDefinition, HostedModel } from "../../contracts/sagemaker/model.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { DeployedImage } from "../../core/ports/hosted-endpoints.ts";
import type { Invocation } from "../../core/ports/hosted-runtime.ts";
import type { InstanceEnd, InstanceLog } from "../../core/ports/instance-launcher.ts";
import type { ContainerLauncher, ContainerLaunch } from "../../core/ports/model-container.ts";
import {
  callContainer,
  type Cancellation,
  type ContainerAnswer,
  type RunningContainer,
} from "./container-call.ts";
import { ModelShelf } from "./model-shelf.ts";
import { patiently } from "./patience.ts";
import { nextHeaders, withoutAccept } from "./serial-headers.ts";
import type { VariantTally } from "./variant-tally.ts";
import { wholeBody } from "./whole-body.ts";

export interface VariantInstanceOptions {
  readonly clock: Clock;
  readonly launcher: ContainerLauncher;
  readonly model: HostedModel;
  readonly order: Omit<ContainerLaunch, "definition">;
  readonly tally: VariantTally;
  readonly log: InstanceLog;
  readonly concurrentLoads: number;
}

/**
 * A container whose calls have ended gets as long for its own end as `docker stop` gives it: many images run a program that,
 * as the first process of its container, takes no notice of SIGTERM.
 */
const longestEndMs = 10_000;

/** A container's answer to a call, and which one it was. */
export interface InstanceAnswer {
  readonly label: string;
  readonly answer: ContainerAnswer;
}

/** An error of a container that was asked, and which one it was. */
export class ContainerFailure extends Error {
  readonly label: string;
  readonly error: ServingError;

  constructor(label: string, error: ServingError) {
    super(error.message);
    this.label = label;
    this.error = error;
  }
}

/** One instance of a variant: its containers, one or a line of them, as on a machine of their own. */
export class VariantInstance {
  readonly ended: Promise<InstanceEnd>;
  #outstanding = 0;
  #whenIdle: PromiseWithResolvers<undefined> | null = null;
  readonly #options: VariantInstanceOptions;
  readonly #containers: readonly RunningContainer[];

  private constructor(options: VariantInstanceOptions, containers: readonly RunningContainer[]) {
    this.#options = options;
    this.#containers = containers;
    this.ended = Promise.race(containers.map(({ container }) => container.ended));
  }

  /** Rejects with what is missing; nothing is left then. */
  static async start(options: VariantInstanceOptions): Promise<VariantInstance> {
    const { launcher, order, log } = options;
    const definitions = containersOf(options.model);
    const starts = definitions.map((definition) => launcher.launch({ ...order, definition }, log));
    const started = await Promise.allSettled(starts);
    const failed = started.find((one) => one.status === "rejected");
    const running = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    if (failed !== undefined) {
      await Promise.all(running.map((container) => container.stop(0)));
      throw ServingError.from(failed.reason, "DEPLOYMENT_FAILED");
    }
    const containers = running.map((container, index) => {
      const definition = definitions[index] ?? {};
      const label =
        definition.ContainerHostname ??
        (definitions.length === 1 ? "primary" : `container-${String(index + 1)}`);
      const { models } = container;
      return {
        definition,
        label,
        container,
        shelf: models === null ? null : shelfOf(options, models, definition),
      };
    });
    return new VariantInstance(options, containers);
  }

  get images(): readonly DeployedImage[] {
    return this.#containers.map(({ definition, container }) => ({
      specified: definition.Image ?? "",
      resolved: container.resolved,
    }));
  }

  /** Calls under way. */
  get outstanding(): number {
    return this.#outstanding;
  }

  get loadedModels(): number {
    return this.#containers.reduce((sum, { shelf }) => sum + (shelf?.loaded ?? 0), 0);
  }

  has(target: string): boolean {
    return this.#containers.some(({ shelf }) => shelf?.has(target) === true);
  }

  /** @throws ServingError where no container was asked, ContainerFailure where one gave no answer */
  async invoke(invocation: Invocation, cancellation: Cancellation): Promise<InstanceAnswer> {
    this.#outstanding += 1;
    try {
      return await this.#invoke(invocation, cancellation);
    } finally {
      this.#outstanding -= 1;
      if (this.#outstanding === 0) this.#whenIdle?.resolve(undefined);
    }
  }

  /** Lets calls end for that long, then ends its containers; resolves when nothing of them is left. */
  async stop(graceMs: number): Promise<void> {
    const { clock } = this.#options;
    // Who came before with more patience has no more of it.
    if (graceMs === 0) this.#whenIdle?.resolve(undefined);
    else if (this.#outstanding > 0) {
      this.#whenIdle ??= Promise.withResolvers<undefined>();
      const late = (): ServingError => new ServingError("DEADLINE_EXCEEDED", "Calls are still under way.");
      await patiently(this.#whenIdle.promise, { clock, ms: graceMs, late }).catch(() => undefined);
    }
    const endMs = Math.min(graceMs, longestEndMs);
    await Promise.all(this.#containers.map(({ container }) => container.stop(endMs)));
  }

  async #invoke(invocation: Invocation, cancellation: Cancellation): Promise<InstanceAnswer> {
    const line = this.#lineFor(invocation);
    const { clock } = this.#options;
    const { timeoutMs } = invocation;
    let { headers } = invocation;
    let body: Uint8Array = invocation.body;
    let modelMs = 0;
    for (const [index, container] of line.entries()) {
      const isLast = index === line.length - 1;
      const targetModel = container.shelf === null && line.length > 1 ? null : invocation.targetModel;
      const request = { headers: isLast ? headers : withoutAccept(headers), body };
      const answer = await asked(
        container,
        callContainer(container, request, { clock, targetModel, timeoutMs, cancellation }),
      );
      modelMs += answer.modelMs;
      // What a container refuses does not go on to the next one.
      const isAnswer = isLast || answer.status < 200 || answer.status >= 300;
      if (isAnswer) return { label: container.label, answer: { ...answer, modelMs } };
      body = await wholeBody(answer.body);
      headers = nextHeaders(headers, answer.headers);
    }
    throw new ServingError("INTERNAL", "An instance without containers was called.");
  }

  /** The containers that a call goes through, one after the other. */
  #lineFor({ targetContainer }: Invocation): readonly RunningContainer[] {
    const containers = this.#containers;
    const isDirect = this.#options.model.InferenceExecutionConfig?.Mode === "Direct";
    if (!isDirect && targetContainer === null) return containers;
    const known = containers.map(({ label }) => label).join(", ");
    if (!isDirect) {
      throw ServingError.invalidField(
        "TargetContainerHostname",
        "none: the endpoint's containers are not called directly",
        targetContainer ?? "",
      );
    }
    const chosen = containers.find(({ label }) => label === targetContainer);
    if (chosen !== undefined) return [chosen];
    throw ServingError.invalidField(
      "TargetContainerHostname",
      `one of ${known}`,
      targetContainer ?? "nothing",
    );
  }
}

function containersOf({ PrimaryContainer, Containers }: HostedModel): readonly ContainerDefinition[] {
  return Containers ?? (PrimaryContainer === undefined ? [] : [PrimaryContainer]);
}

function shelfOf(
  { clock, tally, log, order, concurrentLoads }: VariantInstanceOptions,
  models: ConstructorParameters<typeof ModelShelf>[0]["models"],
  definition: ContainerDefinition,
): ModelShelf {
  return new ModelShelf({
    clock,
    models,
    tally,
    say: (text) => {
      log.line(order.ordinal, "hostler", text);
    },
    keeps: definition.MultiModelConfig?.ModelCacheSetting !== "Disabled",
    concurrentLoads,
  });
}

/** Errors that say that a container was asked, and failed. */
const failures: ReadonlySet<string> = new Set([
  "DEADLINE_EXCEEDED",
  "WORKER_DIED",
  "MODEL_LOAD_FAILED",
  "MODEL_ERROR",
  // It would not fit if it were alone: asking again would load it again, for nothing.
  "OUT_OF_MEMORY",
  "INVALID_DOCUMENT",
  "ENVIRONMENT_UNUSABLE",
]);

async function asked(
  { label }: RunningContainer,
  answer: Promise<ContainerAnswer>,
): Promise<ContainerAnswer> {
  try {
    return await answer;
  } catch (caught) {
    const error = ServingError.from(caught);
    throw failures.has(error.code) ? new ContainerFailure(label, error) : error;
  }
}
