import type { ProductionVariant } from "../../contracts/sagemaker/endpoint-config.ts";
import type { HostedModel } from "../../contracts/sagemaker/model.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import { BackOff } from "../../core/instances/back-off.ts";
import type { Clock, Timer } from "../../core/ports/clock.ts";
import type { DeployedImage, VariantMetrics } from "../../core/ports/hosted-endpoints.ts";
import type { Invocation, InvocationOutcome } from "../../core/ports/hosted-runtime.ts";
import type { ContainerLauncher } from "../../core/ports/model-container.ts";
import type { LogBook } from "../log-book.ts";
import type { Cancellation } from "./container-call.ts";
import { patiently } from "./patience.ts";
import { headerOf } from "./serial-headers.ts";
import { ContainerFailure, type InstanceAnswer, VariantInstance } from "./variant-instance.ts";
import { VariantTally } from "./variant-tally.ts";

const msPerS = 1_000;
/** AWS's own, where the variant does not say. */
const startupTimeoutS = 480;
const downloadTimeoutS = 3_600;
/** A call waits this long for an instance that is being replaced. */
const instanceWaitMs = 60_000;

export interface VariantRunOptions {
  readonly endpoint: string;
  readonly variant: ProductionVariant;
  readonly model: HostedModel;
  readonly launcher: ContainerLauncher;
  readonly clock: Clock;
  readonly log: LogBook;
  readonly concurrentLoads: number;
}

/** What runs for one variant: its instances, replaced when they end, and which of them answers a call. */
export class VariantRun {
  readonly #options: VariantRunOptions;
  readonly #tally = new VariantTally();
  readonly #instances = new Map<number, VariantInstance>();
  /** No longer wanted, until nothing of them is left. */
  readonly #leaving = new Set<VariantInstance>();
  readonly #sessions = new Map<string, VariantInstance>();
  readonly #retries = new Set<Timer>();
  readonly #backOff = new BackOff();
  #wanted = 0;
  #changed = Promise.withResolvers<undefined>();
  #isStopped = false;

  constructor(options: VariantRunOptions) {
    this.#options = options;
  }

  get instances(): number {
    return this.#instances.size;
  }

  get images(): readonly DeployedImage[] {
    const [first] = this.#instances.values();
    return first?.images ?? [];
  }

  /** Resolves when so many instances run; rejects when one cannot be started, with those left that run. */
  async setInstances(count: number): Promise<void> {
    this.#wanted = count;
    const missing = Array.from({ length: count }, (_, ordinal) => ordinal).filter(
      (ordinal) => !this.#instances.has(ordinal),
    );
    const started = await Promise.allSettled(missing.map((ordinal) => this.#start(ordinal)));
    const surplus = [...this.#instances].filter(([ordinal]) => ordinal >= count);
    for (const [ordinal] of surplus) this.#remove(ordinal);
    void Promise.all(surplus.map(([, instance]) => this.#end(instance, instanceWaitMs)));
    const failed = started.find((one) => one.status === "rejected");
    if (failed !== undefined) throw ServingError.from(failed.reason, "DEPLOYMENT_FAILED");
  }

  /** Never rejects. */
  async invoke(invocation: Invocation, cancellation: Cancellation): Promise<InvocationOutcome> {
    const { clock, variant } = this.#options;
    const startedAt = clock.now();
    try {
      const instance = await this.#choose(invocation);
      const { label, answer } = await instance.invoke(invocation, cancellation);
      this.#keepSession(instance, answer);
      const { status, headers, body, modelMs } = answer;
      this.#tally.answered(status, { modelMs, totalMs: clock.now() - startedAt });
      return { kind: "answered", variant: variant.VariantName, container: label, status, headers, body };
    } catch (caught) {
      return this.#failed(caught);
    }
  }

  metrics(): VariantMetrics {
    const running = [...this.#instances.values()];
    const counters = this.#tally.counters();
    const loaded = running.reduce((sum, { loadedModels }) => sum + loadedModels, 0);
    const count = Math.max(1, running.length);
    return {
      endpoint: this.#options.endpoint,
      variant: this.#options.variant.VariantName,
      counters,
      summaries: this.#tally.summaries(),
      gauges: {
        LoadedModelCount: loaded / count,
        InvocationsPerInstance: counters.Invocations / count,
        InFlight: running.reduce((sum, { outstanding }) => sum + outstanding, 0),
      },
    };
  }

  /** Resolves when nothing of it is left. A second call with less patience cuts the first one short. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopped = true;
    this.#wanted = 0;
    for (const timer of this.#retries) timer.cancel();
    for (const instance of this.#instances.values()) this.#leaving.add(instance);
    this.#instances.clear();
    this.#sessions.clear();
    this.#tellChanged();
    await Promise.all([...this.#leaving].map((instance) => this.#end(instance, graceMs)));
  }

  async #start(ordinal: number): Promise<void> {
    const { endpoint, variant, model, launcher, clock, log, concurrentLoads } = this.#options;
    const instance = await VariantInstance.start({
      ...{ clock, launcher, model, log, concurrentLoads, tally: this.#tally },
      order: {
        endpoint,
        variant: variant.VariantName,
        ordinal,
        startupTimeoutMs: (variant.ContainerStartupHealthCheckTimeoutInSeconds ?? startupTimeoutS) * msPerS,
        downloadTimeoutMs: (variant.ModelDataDownloadTimeoutInSeconds ?? downloadTimeoutS) * msPerS,
      },
    });
    // While it started, the same place may have been filled otherwise: two in one place would leave one that nobody ends.
    if (this.#isStopped || ordinal >= this.#wanted || this.#instances.has(ordinal)) {
      await instance.stop(0);
      return;
    }
    this.#instances.set(ordinal, instance);
    this.#tellChanged();
    void instance.ended.then(({ reason }) => {
      if (this.#instances.get(ordinal) === instance) void this.#replace(ordinal, instance, reason);
    });
  }

  /** An instance has ended by itself. */
  async #replace(ordinal: number, instance: VariantInstance, reason: string): Promise<void> {
    this.#remove(ordinal);
    this.#options.log.line(ordinal, "hostler", `The instance ended (${reason}); another one is started.`);
    await instance.stop(0).catch(() => undefined);
    this.#retry(ordinal);
  }

  #retry(ordinal: number): void {
    if (this.#isStopped || ordinal >= this.#wanted) return;
    const timer = this.#options.clock.schedule(this.#backOff.next(), () => {
      this.#retries.delete(timer);
      this.#start(ordinal).then(
        () => {
          this.#backOff.reset();
        },
        (error: unknown) => {
          this.#options.log.line(
            ordinal,
            "hostler",
            `It could not be started: ${ServingError.from(error).message}`,
          );
          this.#retry(ordinal);
        },
      );
    });
    this.#retries.add(timer);
  }

  /** Its sessions go with it: their next calls go to another one, which says what it thinks of them. */
  #remove(ordinal: number): void {
    const instance = this.#instances.get(ordinal);
    this.#instances.delete(ordinal);
    for (const [id, opener] of this.#sessions) if (opener === instance) this.#sessions.delete(id);
  }

  /** Its calls end, then it does. */
  async #end(instance: VariantInstance, graceMs: number): Promise<void> {
    this.#leaving.add(instance);
    await instance.stop(graceMs).catch(() => undefined);
    this.#leaving.delete(instance);
  }

  /** @throws ServingError INSTANCE_NOT_READY */
  async #choose({ sessionId, targetModel }: Invocation): Promise<VariantInstance> {
    const { clock, variant } = this.#options;
    const inSession = sessionId === null ? undefined : this.#sessions.get(sessionId);
    if (inSession !== undefined) return inSession;
    const giveUpAt = clock.now() + instanceWaitMs;
    const late = (): ServingError => notReady(variant.VariantName);
    while (this.#instances.size === 0) {
      if (this.#isStopped) throw late();
      await patiently(this.#changed.promise, { clock, ms: giveUpAt - clock.now(), late });
    }
    const all = [...this.#instances.values()];
    const having = targetModel === null ? [] : all.filter((instance) => instance.has(targetModel));
    const chosen = this.#pick(having.length > 0 ? having : all);
    if (chosen === undefined) throw late();
    return chosen;
  }

  #pick(instances: readonly VariantInstance[]): VariantInstance | undefined {
    const isRandom = this.#options.variant.RoutingConfig?.RoutingStrategy === "RANDOM";
    if (isRandom) return instances[Math.floor(Math.random() * instances.length)];
    const least = Math.min(...instances.map(({ outstanding }) => outstanding));
    return instances.find(({ outstanding }) => outstanding === least);
  }

  /** Calls of a session go to the instance that opened it. */
  #keepSession(instance: VariantInstance, { headers }: InstanceAnswer["answer"]): void {
    // One that has gone meanwhile gets no more calls.
    if (![...this.#instances.values()].includes(instance)) return;
    const opened = headerOf(headers, "x-amzn-sagemaker-new-session-id");
    if (opened !== null) this.#sessions.set(opened.split(";", 1)[0]?.trim() ?? "", instance);
    const closed = headerOf(headers, "x-amzn-sagemaker-closed-session-id");
    if (closed !== null) this.#sessions.delete(closed.trim());
  }

  #failed(caught: unknown): InvocationOutcome {
    if (caught instanceof ContainerFailure) {
      this.#tally.failed();
      const { label, error } = caught;
      return { kind: "failed", variant: this.#options.variant.VariantName, container: label, error };
    }
    const error = ServingError.from(caught);
    this.#tally.refused(error.fault === "caller");
    return { kind: "refused", error };
  }

  #tellChanged(): void {
    this.#changed.resolve(undefined);
    this.#changed = Promise.withResolvers<undefined>();
  }
}

function notReady(variant: string): ServingError {
  return new ServingError("INSTANCE_NOT_READY", `No instance of the variant ${variant} is ready.`, {
    retryAfterS: 1,
  });
}
