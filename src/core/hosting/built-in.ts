import { ServingError } from "../../contracts/serving-error.ts";
import type { ModelVersion } from "../models/model-version.ts";
import type { ModelSpec } from "../models/model-spec.ts";
import type { BuiltInLauncher } from "../ports/built-in-launcher.ts";
import type { Clock } from "../ports/clock.ts";
import type {
  HandlerItem,
  HandlerOutcome,
  HandlerProcess,
  HandlerRequest,
} from "../ports/handler-launcher.ts";
import type { InstanceEnd } from "../ports/instance-launcher.ts";
import type { Meter } from "../ports/meter.ts";
import type { PayloadCodec, PayloadRequest, RefusedPayload, WrittenPayload } from "../ports/payload-codec.ts";
import type { Runtime } from "../ports/runtime.ts";
import type { RegisterOptions } from "./hosted-model-spec.ts";
import { checkInputs } from "../serving/check-inputs.ts";
import { queuedVersion } from "../serving/queued-version.ts";

/** Calls that a model of our own runtimes is given at once, at most. */
const mostCalls = 256;

/**
 * How a model of our own runtimes is hosted, whatever a handler would be: what waits while its worker is busy goes as one
 * batch, and nothing waits for a batch to fill.
 */
export function builtInOptions(options: RegisterOptions): RegisterOptions {
  return { ...options, batchSize: Math.max(mostCalls, options.batchSize), maxBatchDelayMs: 0 };
}

export interface BuiltInOptions {
  readonly clock: Clock;
  readonly meter: Meter;
  readonly runtime: Runtime;
  readonly codec: PayloadCodec;
  /** Calls that may wait for one model. */
  readonly queueLimit: number;
  /** Milliseconds of the epoch; for what is shown. */
  readonly epochMs: () => number;
}

/** Hosts models of our own runtimes where handlers are hosted: a body goes in and a body comes out. */
export class BuiltInModels implements BuiltInLauncher {
  readonly #options: BuiltInOptions;

  constructor(options: BuiltInOptions) {
    this.#options = options;
  }

  async start(spec: ModelSpec): Promise<HandlerProcess> {
    const { clock, runtime, codec, epochMs } = this.#options;
    const version = queuedVersion(spec, this.#options);
    version.beginLoad();
    version.finishLoad(await runtime.load(spec));
    return new BuiltInModel(version, { codec, clock, startedAt: epochMs() });
  }
}

interface BuiltInContext {
  readonly codec: PayloadCodec;
  readonly clock: Clock;
  readonly startedAt: number;
}

/**
 * A model in memory. Many batches may run at once: its own queue puts calls together that wait for the worker, whichever
 * batch they came in, and a worker that dies is replaced underneath.
 */
class BuiltInModel implements HandlerProcess {
  /** It lives in a worker that it may share, and not in a process of its own. */
  readonly pid = 0;
  readonly startedAt: number;
  readonly ended: Promise<InstanceEnd>;
  readonly #version: ModelVersion;
  readonly #codec: PayloadCodec;
  readonly #clock: Clock;
  readonly #end: (end: InstanceEnd) => void;
  #stopping: Promise<void> | null = null;

  constructor(version: ModelVersion, { codec, clock, startedAt }: BuiltInContext) {
    this.#version = version;
    this.#codec = codec;
    this.#clock = clock;
    this.startedAt = startedAt;
    const { promise, resolve } = Promise.withResolvers<InstanceEnd>();
    this.ended = promise;
    this.#end = resolve;
  }

  async run(batch: readonly HandlerRequest[]): Promise<HandlerOutcome> {
    return { kind: "answered", items: await Promise.all(batch.map((request) => this.#answer(request))) };
  }

  /** What its load added to its process: an estimate, where models share one. */
  memoryBytes(): Promise<number> {
    return Promise.resolve(this.#version.memoryBytes ?? 0);
  }

  /** What it runs is aborted, with its worker if there is no other way. */
  kill(): void {
    const error = new ServingError("WORKER_DIED", `${this.#version.label} was ended.`);
    this.#version.queue.close(error);
    this.#version.instance?.abort();
    void this.#leave();
  }

  async stop(graceMs: number): Promise<void> {
    const timer = this.#clock.schedule(graceMs, () => {
      this.kill();
    });
    await this.#leave();
    timer.cancel();
  }

  /** Finishes what it has, then frees it; resolves when its memory is back. */
  #leave(): Promise<void> {
    this.#stopping ??= (async () => {
      await this.#version.drain();
      let reason = "unloaded";
      try {
        await this.#version.unload();
      } catch (error) {
        // Whatever became of it, it is not ours any more.
        reason = `could not be unloaded: ${ServingError.from(error).message}`;
      }
      this.#end({ reason, isHopeless: false });
    })();
    return this.#stopping;
  }

  async #answer(request: HandlerRequest): Promise<HandlerItem> {
    try {
      return itemOf({ status: 200, ...(await this.#infer(payloadOf(request))) });
    } catch (error) {
      return itemOf(this.#codec.refuse(ServingError.from(error)));
    }
  }

  async #infer(request: PayloadRequest): Promise<WrittenPayload> {
    const { spec, description, queue } = this.#version;
    const inputs = description?.inputs ?? null;
    const open = this.#codec.open(request, { spec, inputs });
    if (inputs !== null) checkInputs(inputs, open.call.payload);
    const deadlineMs = this.#clock.now() + (open.timeoutMs ?? Number.POSITIVE_INFINITY);
    const { result } = await queue.submit({ ...open.call, deadlineMs }).reply;
    return open.write(result);
  }
}

function itemOf({ status, contentType, body }: RefusedPayload): HandlerItem {
  return { status, phrase: "", headers: [], contentType, body };
}

const nothing = new Uint8Array(0);

/** The body of a request, and what its caller says of it and wishes. */
function payloadOf({ headers, inputs }: HandlerRequest): PayloadRequest {
  const body = inputs.find(({ name }) => name === "body");
  return {
    // The type as it came has the charset, which that of an input may lack.
    contentType: headerOf(headers, "content-type") ?? body?.contentType ?? "",
    accept: headerOf(headers, "accept") ?? null,
    bytes: body?.bytes ?? nothing,
  };
}

function headerOf(headers: readonly string[], name: string): string | undefined {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (headers[index]?.toLowerCase() === name) return headers[index + 1];
  }
  return undefined;
}
