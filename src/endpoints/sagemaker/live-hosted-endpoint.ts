import type { EndpointPlan } from "../../contracts/sagemaker/endpoint.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { HostedVariant, VariantMetrics } from "../../core/ports/hosted-endpoints.ts";
import type {
  AsyncInvocation,
  AsyncTicket,
  CallableEndpoint,
  Invocation,
  InvocationOutcome,
  InvocationRun,
} from "../../core/ports/hosted-runtime.ts";
import type { ContainerLauncher } from "../../core/ports/model-container.ts";
import type { ObjectStore } from "../../core/ports/object-store.ts";
import { LogBook } from "../log-book.ts";
import type { SagemakerStore } from "../sagemaker-records.ts";
import { AsyncCalls } from "./async-calls.ts";
import { EndpointRun } from "./endpoint-run.ts";
import { patiently } from "./patience.ts";

/** A call waits this long for an endpoint that is being brought back. */
const restoreWaitMs = 60_000;
/** Calls of a plan that has been replaced have this long to end. */
const drainMs = 60_000;

export interface LiveOptions {
  readonly name: string;
  readonly store: SagemakerStore;
  readonly launcher: ContainerLauncher;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly wallTime: () => number;
  readonly concurrentLoads: number;
}

/** An endpoint in memory: what serves now, and what is about to. */
export class LiveHostedEndpoint implements CallableEndpoint {
  readonly name: string;
  readonly #options: LiveOptions;
  readonly #log: LogBook;
  readonly #async: AsyncCalls;
  #run: EndpointRun | null = null;
  #starting: Promise<void> | null = null;
  /** Plans that have been replaced, until nothing of them is left. */
  readonly #draining = new Map<EndpointRun, Promise<void>>();
  #isStopped = false;

  constructor(options: LiveOptions) {
    this.name = options.name;
    this.#options = options;
    this.#log = new LogBook(options.wallTime);
    this.#async = new AsyncCalls({ ...options, invoke: (invocation) => this.#answer(invocation) });
  }

  get isRunning(): boolean {
    return this.#run !== null;
  }

  get isStarting(): boolean {
    return this.#starting !== null;
  }

  get isAsync(): boolean {
    return this.#run?.plan.config.AsyncInferenceConfig !== undefined;
  }

  /** Starts a plan; what served before goes when that has come up, and stays when it could not. */
  replace(plan: EndpointPlan): Promise<void> {
    return this.#following(async () => {
      const { launcher, clock, concurrentLoads } = this.#options;
      const run = await EndpointRun.start({
        endpoint: this.name,
        plan,
        launcher,
        clock,
        log: this.#log,
        concurrentLoads,
      });
      if (this.#isStopped) {
        await run.stop(0);
        throw new ServingError("SHUTTING_DOWN", "The server is stopping.");
      }
      const before = this.#run;
      this.#run = run;
      if (before !== null) this.#drain(before, drainMs);
      this.#async.begin(plan.config.AsyncInferenceConfig ?? null, run.asyncCalls);
    });
  }

  setCapacities(plan: EndpointPlan): Promise<void> {
    return this.#following(async () => {
      const run = this.#run;
      if (run === null) throw new ServingError("INSTANCE_NOT_READY", `${this.name} does not run.`);
      const before = run.plan;
      try {
        await run.setCapacities(plan);
      } catch (error) {
        await run.setCapacities(before).catch(() => undefined);
        throw error;
      }
    });
  }

  invoke(invocation: Invocation): InvocationRun {
    if (this.#run !== null) return this.#run.invoke(invocation);
    let begun: InvocationRun | null = null;
    let isCancelled = false;
    const outcome = this.#whenRunning().then(
      (run): InvocationOutcome | Promise<InvocationOutcome> => {
        if (isCancelled)
          return { kind: "refused", error: new ServingError("CANCELLED", "The caller went away.") };
        begun = run.invoke(invocation);
        return begun.outcome;
      },
      (error: unknown): InvocationOutcome => ({ kind: "refused", error: ServingError.from(error) }),
    );
    return {
      outcome,
      cancel: () => {
        isCancelled = true;
        begun?.cancel();
      },
    };
  }

  async submit(call: AsyncInvocation): Promise<AsyncTicket> {
    if (this.#run === null) await this.#whenRunning();
    return this.#async.submit(call);
  }

  /** Null before anything serves. */
  describe(): readonly HostedVariant[] | null {
    return this.#run?.describe() ?? null;
  }

  metrics(): readonly VariantMetrics[] {
    return this.#run?.metrics() ?? [];
  }

  logs(lines: number): string {
    return [
      ...this.#log.last("storage-initializer", lines),
      ...this.#log.last("inference-server", lines),
    ].join("\n");
  }

  /** It has been deleted: calls under way end, nothing begins any more. */
  async close(): Promise<void> {
    await this.stop({ force: false });
  }

  async stop({ force }: { readonly force: boolean }): Promise<void> {
    this.#isStopped = true;
    this.#async.stop();
    if (this.#run !== null) this.#drain(this.#run, force ? 0 : drainMs);
    this.#run = null;
    if (force) await Promise.all([...this.#draining.keys()].map((run) => run.stop(0)));
    await this.#starting?.catch(() => undefined);
    await Promise.all(this.#draining.values());
  }

  /** One change at a time, in the order they came. */
  #following(work: () => Promise<void>): Promise<void> {
    const before = this.#starting ?? Promise.resolve();
    const done = before.catch(() => undefined).then(work);
    const settled = done.finally(() => {
      if (this.#starting === settled) this.#starting = null;
    });
    settled.catch(() => undefined);
    this.#starting = settled;
    return settled;
  }

  #drain(run: EndpointRun, graceMs: number): void {
    const done = run
      .stop(graceMs)
      .catch(() => undefined)
      .finally(() => this.#draining.delete(run));
    this.#draining.set(run, done);
  }

  /** @throws ServingError INVALID_REQUEST where it has never served, INSTANCE_NOT_READY where it takes too long */
  async #whenRunning(): Promise<EndpointRun> {
    const { clock, store } = this.#options;
    const hasServed = store.sagemaker.endpoints.find(this.name)?.serving ?? null;
    if (hasServed === null || this.#isStopped) throw notInService(this.name);
    const late = (): ServingError =>
      new ServingError("INSTANCE_NOT_READY", `The endpoint ${this.name} is being brought back.`, {
        retryAfterS: 1,
      });
    await patiently(this.#starting ?? Promise.resolve(), { clock, ms: restoreWaitMs, late });
    if (this.#run === null) throw notInService(this.name);
    return this.#run;
  }

  async #answer(invocation: Invocation): Promise<InvocationOutcome> {
    return await this.invoke(invocation).outcome;
  }
}

function notInService(name: string): ServingError {
  return new ServingError("INVALID_REQUEST", `Endpoint ${name} is not in service.`, {
    field: "EndpointName",
    got: name,
    hint: "DescribeEndpoint says how it is, and why.",
  });
}
