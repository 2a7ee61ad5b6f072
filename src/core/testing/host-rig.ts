import type { HostedCall, InvokeOutcome } from "../hosting/hosted-call.ts";
import type { HostedModelSpec, RegisterOptions } from "../hosting/hosted-model-spec.ts";
import { ModelHost, type ModelHostOptions } from "../hosting/model-host.ts";
import type { HostMeter } from "../ports/host-meter.ts";
import { type FakeHandler, FakeHandlers } from "./fake-handlers.ts";
import { FakeMemoryProbe } from "./fake-memory-probe.ts";
import { RecordingLogger } from "./recorders.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { whole } from "./whole-body.ts";

const oneWorker: RegisterOptions = {
  ...{ minWorkers: 1, maxWorkers: 1, batchSize: 1, maxBatchDelayMs: 100, responseTimeoutMs: 6000 },
  ...{ synchronous: true, loadedAtStartup: false },
};

export interface HostRigOptions {
  readonly memoryBudgetBytes?: number;
  readonly hasVersions?: boolean;
  readonly jobQueueSize?: number;
  readonly meter?: HostMeter;
}

/** A model host on the virtual clock, with handlers that only seem to run. */
export class HostRig {
  readonly clock = new VirtualClock();
  readonly logger = new RecordingLogger();
  readonly handlers: FakeHandlers;
  readonly host: ModelHost;
  /** How the handlers behave, by the name of their model; can be changed at any time. */
  readonly behaviour = new Map<string, Partial<FakeHandler>>();
  readonly released: string[] = [];
  /** How long each batch ran, in milliseconds. */
  readonly runs: number[] = [];
  #requests = 0;

  constructor({ memoryBudgetBytes, hasVersions = false, jobQueueSize = 100, meter }: HostRigOptions = {}) {
    const { clock, logger, behaviour } = this;
    this.handlers = new FakeHandlers({ clock, about: (name) => behaviour.get(name) ?? {} });
    const memory = new FakeMemoryProbe(clock, () => this.handlers.heldBytes);
    const options: ModelHostOptions = {
      ...{ clock, logger, memory, launcher: this.handlers, jobQueueSize, hasVersions },
      memoryBudgetBytes: memoryBudgetBytes ?? null,
      ...{ loadTimeoutMs: 60_000, unregisterTimeoutMs: 120_000, gpus: 0, meter: meter ?? this.#meter() },
    };
    this.host = new ModelHost(options);
  }

  #meter(): HostMeter {
    const nothing = (): void => undefined;
    return {
      ...{ callEnded: nothing, loadEnded: nothing, workerRestarted: nothing, unloaded: nothing },
      batchEnded: (_, { runMs }) => {
        this.runs.push(runMs);
      },
    };
  }

  spec(name: string, version: string | null = null): HostedModelSpec {
    return {
      ...{ name, version, url: `/models/${name}`, folder: `/models/${name}`, manifest: null, bytes: 100 },
      ...{ runtime: "python", engine: null },
      runs: { kind: "handler", handler: "h", interpreter: "python3", decodesInput: false, variables: {} },
      release: () => {
        this.released.push(name);
        return Promise.resolve();
      },
    };
  }

  /** Asks for a model; as `scaled`, or the code of the error. */
  register(
    name: string,
    options: Partial<RegisterOptions> = {},
    version: string | null = null,
  ): Promise<string> {
    const { minWorkers = 1 } = options;
    const all = { ...oneWorker, maxWorkers: Math.max(1, minWorkers), ...options };
    return this.host.register(this.spec(name, version), all).catch(codeOf);
  }

  /** Asks for a model and waits for it. */
  load(name: string, options: Partial<RegisterOptions> = {}): Promise<string> {
    return this.clock.until(this.register(name, options));
  }

  unload(name: string): Promise<string> {
    return this.host.unregister(name).then(() => "unloaded", codeOf);
  }

  /** Calls with a text; the rig's own number is the id. */
  call(name: string, text = "x", version: string | null = null): HostedCall {
    this.#requests += 1;
    const bytes = new TextEncoder().encode(text);
    const inputs = [{ name: "body", contentType: "text/plain", bytes }];
    return this.host.invoke(name, { id: String(this.#requests), headers: [], inputs }, version);
  }

  /** What a call came to: its text, MMS's message, or the code of the error. */
  async ask(name: string, text = "x", version: string | null = null): Promise<string> {
    return endOf(await this.clock.until(this.call(name, text, version).outcome));
  }
}

export function endOf(outcome: InvokeOutcome): string {
  if (outcome.kind === "answered") return new TextDecoder().decode(whole(outcome.item.body));
  return outcome.kind === "failed" ? outcome.message : outcome.error.code;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
