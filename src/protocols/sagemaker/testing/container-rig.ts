import { ServingError } from "../../../contracts/serving-error.ts";
import { ModelHost } from "../../../core/hosting/model-host.ts";
import type {
  HandlerItem,
  HandlerLaunch,
  HandlerLauncher,
  HandlerProcess,
  HandlerRequest,
} from "../../../core/ports/handler-launcher.ts";
import type { InstanceEnd } from "../../../core/ports/instance-launcher.ts";
import type { ArchivedModel, ModelArchives } from "../../../core/ports/model-archives.ts";
import type { RequestRecord } from "../../../core/ports/request-observer.ts";
import { RecordingLogger } from "../../../core/testing/recorders.ts";
import { createApp, listen } from "../../../server/http-app.ts";
import { closeApp } from "../../../server/stopping.ts";
import { systemClock } from "../../../server/system-clock.ts";
import type { SagemakerContext } from "../context.ts";
import { registerSagemakerContainer } from "../index.ts";

type Handle = (request: HandlerRequest) => Promise<HandlerItem> | HandlerItem;

export interface ContainerRigOptions {
  readonly single?: string;
  /** What `authorization` has to be. */
  readonly key?: string;
  /** Models that fit; one more is OUT_OF_MEMORY. */
  readonly capacity?: number;
  readonly handle?: Handle;
  /** No model is loaded before this. */
  readonly loaded?: Promise<unknown>;
}

/** A container's routes on a port of its own, over a real host whose handlers are functions. */
export class ContainerRig implements ModelArchives {
  readonly records: RequestRecord[] = [];
  /** What happens to processes, in order. */
  readonly life: string[] = [];
  readonly host: ModelHost;
  isStopping = false;
  /** Requests that have come. */
  begun = 0;
  url = "";
  readonly #options: ContainerRigOptions;
  readonly #app = createApp();

  constructor(options: ContainerRigOptions = {}) {
    this.#options = options;
    this.host = new ModelHost({
      clock: systemClock,
      logger: new RecordingLogger(),
      launcher: new Functions(options, this.life),
      memory: null,
      memoryBudgetBytes: null,
      jobQueueSize: 100,
      loadTimeoutMs: 10_000,
      unregisterTimeoutMs: 10_000,
      gpus: 0,
      hasVersions: false,
    });
    registerSagemakerContainer(this.#app, this.#context());
  }

  async start(): Promise<this> {
    this.url = await listen(this.#app, { host: "127.0.0.1", port: 0 });
    return this;
  }

  async stop(): Promise<void> {
    await closeApp(this.#app);
    await this.host.stop(0);
  }

  ask(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.url + path, init);
  }

  load(name: string, url = `/opt/ml/models/${name}/model`): Promise<Response> {
    const body = JSON.stringify({ model_name: name, url });
    return this.ask("/models", { method: "POST", body, headers: { "content-type": "application/json" } });
  }

  resolve(url: string): Promise<ArchivedModel> {
    if (url.includes("nowhere")) {
      return Promise.reject(new ServingError("MODEL_NOT_FOUND", `Model not found in model store: ${url}`));
    }
    return Promise.resolve({
      ...{ folder: url, manifest: null, modelName: null, modelVersion: null, handler: null },
      ...{ runtime: null, engine: null, bytes: 10, builtIn: null, settings: {} },
      release: () => Promise.resolve(),
    });
  }

  #context(): SagemakerContext {
    const { single } = this.#options;
    return {
      host: this.host,
      clock: systemClock,
      observer: { started: () => void (this.begun += 1), ended: (record) => this.records.push(record) },
      maxBodyBytes: 1_000_000,
      maxResponseBytes: 2_000_000,
      mode:
        single === undefined
          ? { kind: "multi", archives: this, defaults }
          : { kind: "single", model: single },
      isStopping: () => this.isStopping,
      admits: (authorization) => this.#options.key === undefined || authorization === this.#options.key,
      executionParameters: { MaxConcurrentTransforms: 2, BatchStrategy: "MULTI_RECORD", MaxPayloadInMB: 6 },
    };
  }
}

const defaults = {
  ...{ handler: "handler.py:handle", workers: 1, batchSize: 1, maxBatchDelayMs: 100 },
  ...{ responseTimeoutMs: 10_000, interpreter: "python3", decodesInput: false },
  variables: {},
  hiddenVariables: [],
} as const;

/** Handlers that are functions of the test. */
class Functions implements HandlerLauncher {
  readonly #options: ContainerRigOptions;
  readonly #life: string[];
  #running = 0;

  constructor(options: ContainerRigOptions, life: string[]) {
    this.#options = options;
    this.#life = life;
  }

  async start({ modelName }: HandlerLaunch): Promise<HandlerProcess> {
    const { capacity = Number.POSITIVE_INFINITY, handle = echo, loaded } = this.#options;
    if (this.#running >= capacity) {
      throw new ServingError("OUT_OF_MEMORY", "System out of memory");
    }
    this.#running += 1;
    this.#life.push(`started ${modelName}`);
    await loaded;
    const { promise: ended, resolve } = Promise.withResolvers<InstanceEnd>();
    let isRunning = true;
    const kill = (): void => {
      if (!isRunning) return;
      isRunning = false;
      this.#running -= 1;
      this.#life.push(`ended ${modelName}`);
      resolve({ reason: "stopped", isHopeless: false });
    };
    return {
      pid: 1,
      startedAt: 0,
      ended,
      kill,
      run: async (batch) => ({
        kind: "answered",
        items: await Promise.all(batch.map(async (request) => await handle(request))),
      }),
      memoryBytes: () => Promise.resolve(0),
      stop: () => {
        kill();
        return Promise.resolve();
      },
    };
  }
}

const decoder = new TextDecoder();

/** Answers with what it was given. */
function echo({ headers, inputs }: HandlerRequest): HandlerItem {
  const given = {
    headers: Object.fromEntries(
      headers.flatMap((name, index) => (index % 2 === 0 ? [[name.toLowerCase(), headers[index + 1]]] : [])),
    ),
    inputs: inputs.map(({ name, contentType, bytes }) => [name, contentType, decoder.decode(bytes)]),
  };
  return {
    status: 200,
    phrase: "",
    headers: ["X-Amzn-SageMaker-Custom-Attributes", "from the handler"],
    contentType: "application/json",
    body: new TextEncoder().encode(JSON.stringify(given)),
  };
}
