import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { ErrorCode } from "../../contracts/errors.ts";
import type { ContainerDefinition } from "../../contracts/sagemaker/model.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { HostedCall, InvokeOutcome } from "../../core/hosting/hosted-call.ts";
import { ModelHost } from "../../core/hosting/model-host.ts";
import { prepareModel, type RegistrationDefaults } from "../../core/hosting/registration.ts";
import type { BackendBody, BackendCall, BackendOutcome } from "../../core/ports/backend.ts";
import type { BuiltInLauncher } from "../../core/ports/built-in-launcher.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type {
  HandlerItem,
  HandlerLauncher,
  HandlerProcess,
  HandlerRequest,
} from "../../core/ports/handler-launcher.ts";
import type { InstanceEnd, InstanceLog } from "../../core/ports/instance-launcher.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { MemoryProbe } from "../../core/ports/memory-probe.ts";
import type { ModelArchives } from "../../core/ports/model-archives.ts";
import type {
  ContainerLaunch,
  ContainerModels,
  ContainerRequest,
  ModelContainer,
  ObtainedModel,
} from "../../core/ports/model-container.ts";
import { handlerHead } from "../../protocols/http/handler-head.ts";
import { encodeRefusal } from "../../protocols/http/payloads/refusal.ts";
import { ArchiveStore, MarArchives } from "../../repositories/mar/index.ts";
import { inspectModelFolder } from "../../repositories/sagemaker/inspect-folder.ts";
import { parseQuantity } from "../../engines/shared/quantities.ts";
import type { LocalModel, ModelFiles } from "./model-files.ts";

/** What hosts of this process share. */
export interface ProcessHostOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly launcher: HandlerLauncher;
  readonly builtIn: BuiltInLauncher;
  readonly interpreter: string;
  /** Measures the whole process tree. */
  readonly memory: MemoryProbe;
  readonly memoryBudgetBytes: number | null;
  /** Calls that wait for one model. */
  readonly queueLimit: number;
  /** Where archives are unpacked. */
  readonly unpackFolder: string;
}

/** The name of the only model. */
const onlyModel = "model";
const unregisterTimeoutMs = 30_000;
/** Every call has its own limit in front; this one, AWS's for asynchronous calls, is only the last. */
const responseTimeoutS = 3_600;
const mebibyte = 2 ** 20;

/** Stands for a container where there is none: our own model host, which keeps the same contract. */
export async function launchProcessHost(
  options: ProcessHostOptions,
  {
    launch,
    files,
    log,
    signal,
  }: {
    readonly launch: ContainerLaunch;
    readonly files: ModelFiles;
    readonly log: InstanceLog;
    /** Gives the launch up. */
    readonly signal: AbortSignal;
  },
): Promise<ModelContainer> {
  const host = new ProcessHost(options, { launch, files, log });
  if (launch.definition.Mode === "MultiModel") return host;
  const giveUp = (): void => {
    void host.stop(0);
  };
  signal.addEventListener("abort", giveUp);
  try {
    await host.loadOnly();
    return host;
  } catch (error) {
    await host.stop(0);
    throw error;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

class ProcessHost implements ModelContainer, ContainerModels {
  readonly resolved = "process";
  readonly models: ContainerModels | null;
  readonly ended: Promise<InstanceEnd>;
  readonly #host: ModelHost;
  readonly #store: ArchiveStore;
  readonly #archives: ModelArchives;
  readonly #defaults: RegistrationDefaults;
  readonly #files: ModelFiles;
  /** By id. */
  readonly #local = new Map<string, LocalModel>();
  readonly #end = Promise.withResolvers<InstanceEnd>();

  constructor(
    options: ProcessHostOptions,
    {
      launch,
      files,
      log,
    }: { readonly launch: ContainerLaunch; readonly files: ModelFiles; readonly log: InstanceLog },
  ) {
    const { definition, endpoint, variant, ordinal, startupTimeoutMs } = launch;
    this.#files = files;
    this.models = definition.Mode === "MultiModel" ? this : null;
    this.ended = this.#end.promise;
    this.#store = new ArchiveStore(join(options.unpackFolder, `${endpoint}-${variant}-${String(ordinal)}`));
    const program = definition.Environment?.["SAGEMAKER_PROGRAM"];
    this.#archives = new MarArchives({
      store: this.#store,
      modelStore: "/",
      inspect: (folder) => inspectModelFolder(folder, program),
    });
    this.#defaults = defaultsOf(definition, options.interpreter);
    this.#host = new ModelHost({
      clock: options.clock,
      logger: options.logger,
      ...boundedBy(definition, options),
      log: (model, source, text) => {
        log.line(
          ordinal,
          source,
          this.models === null ? text : `${this.#local.get(model)?.path ?? model}: ${text}`,
        );
      },
      jobQueueSize: options.queueLimit,
      loadTimeoutMs: startupTimeoutMs,
      unregisterTimeoutMs,
      gpus: 0,
      hasVersions: false,
    });
  }

  /** The model of a container that has one. */
  async loadOnly(): Promise<void> {
    const local = await this.#files.obtain(null);
    this.#local.set(onlyModel, local);
    await this.#register(onlyModel, local);
  }

  async obtain(target: string): Promise<ObtainedModel> {
    const local = await this.#files.obtain(target);
    this.#local.set(local.id, local);
    return { id: local.id, target };
  }

  async load({ id, target }: ObtainedModel): Promise<void> {
    const local = this.#local.get(id);
    if (local === undefined) throw new ServingError("INTERNAL", `The model ${id} was never obtained.`);
    try {
      await this.#register(id, local);
    } catch (error) {
      throw inCallersWords(ServingError.from(error), { id, target });
    }
  }

  async unload({ id }: ObtainedModel): Promise<void> {
    await this.#host.unregister(id);
  }

  async discard({ id }: ObtainedModel): Promise<void> {
    const local = this.#local.get(id);
    this.#local.delete(id);
    if (local !== undefined) await this.#files.discard(local);
  }

  invoke(model: string | null, { headers, body }: ContainerRequest): BackendCall {
    let call: HostedCall | null = null;
    let isCancelled = false;
    const outcome = wholeBody(body).then((bytes): Promise<BackendOutcome> | BackendOutcome => {
      if (isCancelled) return { kind: "not-started", reason: "cancelled" };
      const begun = this.#host.invoke(model ?? onlyModel, handlerRequest(headers, bytes));
      call = begun;
      return begun.outcome.then((ended) => {
        const told = backendOutcome(ended);
        // Where nothing of it is left to read: an answer in pieces that could not be sent would wait for its reader.
        if (told.kind !== "answered" || told.body instanceof Uint8Array) begun.cancel();
        return told;
      });
    });
    return {
      outcome,
      cancel: () => {
        isCancelled = true;
        call?.cancel();
      },
    };
  }

  async stop(graceMs: number): Promise<void> {
    await this.#host.stop(graceMs);
    await this.#store.stop();
    this.#end.resolve({ reason: "stopped", isHopeless: false });
  }

  async #register(name: string, { path }: LocalModel): Promise<void> {
    const archives = this.#archives;
    const defaults = this.#defaults;
    const { spec, options } = await prepareModel({ archives, defaults }, { url: path, name });
    await this.#host.register(spec, { ...options, synchronous: true });
  }
}

/** What the host calls by an id, the caller knows by what was asked for. */
function inCallersWords(error: ServingError, { id, target }: ObtainedModel): ServingError {
  const { code, message, details } = error;
  const told = { ...details, model: target };
  return new ServingError(code, message.replaceAll(id, target), told, { cause: error });
}

/** The toolkit's way: bodies as they come, one call at a time unless the model's environment says otherwise. */
function defaultsOf({ Environment = {} }: ContainerDefinition, interpreter: string): RegistrationDefaults {
  const seconds =
    Environment["SAGEMAKER_MODEL_SERVER_TIMEOUT_SECONDS"] ?? Environment["SAGEMAKER_MODEL_SERVER_TIMEOUT"];
  return {
    handler: Environment["SAGEMAKER_HANDLER"] ?? Environment["MMS_DEFAULT_SERVICE_HANDLER"] ?? null,
    workers: positive(Environment["SAGEMAKER_MODEL_SERVER_WORKERS"]) ?? 1,
    batchSize: 1,
    maxBatchDelayMs: 100,
    responseTimeoutMs: 1000 * (positive(seconds) ?? responseTimeoutS),
    interpreter,
    decodesInput: false,
    variables: Environment,
    hiddenVariables: [],
  };
}

/** Null for what is no whole number from 1 up. */
function positive(text: string | undefined): number | null {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : null;
}

type Bounds = Pick<
  ConstructorParameters<typeof ModelHost>[0],
  "launcher" | "builtIn" | "memory" | "memoryBudgetBytes"
>;

/**
 * The budget of the server holds for its whole tree. A container may name one of its own (`HOSTLER_MEMORY_BUDGET`), which
 * holds for its models alone, as a container's memory would.
 */
function boundedBy({ Environment = {} }: ContainerDefinition, options: ProcessHostOptions): Bounds {
  const { launcher, builtIn, memory, memoryBudgetBytes } = options;
  const own = Environment["HOSTLER_MEMORY_BUDGET"];
  if (own === undefined) return { launcher, builtIn, memory, memoryBudgetBytes };
  const running = new Set<HandlerProcess>();
  const kept = (starting: Promise<HandlerProcess>): Promise<HandlerProcess> =>
    starting.then((process) => {
      running.add(process);
      void process.ended.then(() => running.delete(process));
      return process;
    });
  return {
    launcher: { start: (launch, log) => kept(launcher.start(launch, log)) },
    builtIn: { start: (spec, log) => kept(builtIn.start(spec, log)) },
    memory: { measure: () => memoryOf(running) },
    memoryBudgetBytes: bytesOf(own),
  };
}

async function memoryOf(running: ReadonlySet<HandlerProcess>): Promise<number> {
  const all = await Promise.all([...running].map((process) => process.memoryBytes()));
  return all.reduce((sum, bytes) => sum + bytes, 0);
}

/** As `512MiB`, `2Gi` or a number of bytes. */
function bytesOf(text: string): number {
  const bytes = parseQuantity(text.trim().replace(/B$/, ""), "Environment.HOSTLER_MEMORY_BUDGET");
  return Math.max(mebibyte, Math.round(bytes));
}

function handlerRequest(headers: readonly string[], bytes: Uint8Array): HandlerRequest {
  const at = headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === "content-type");
  const contentType = at === -1 ? "" : (headers[at + 1] ?? "");
  return { id: randomUUID(), headers, inputs: [{ name: "body", contentType, bytes }] };
}

async function wholeBody(body: BackendBody): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function backendOutcome(outcome: InvokeOutcome): BackendOutcome {
  switch (outcome.kind) {
    case "answered":
      return answeredOutcome(outcome.item);
    case "failed": {
      const { status, message, type } = outcome;
      const body = Buffer.from(JSON.stringify({ code: status, type, message }));
      return { kind: "answered", status, headers: ["content-type", "application/json"], body };
    }
    case "refused":
      return refusedOutcome(outcome.error);
  }
}

/** An answer that could not be sent is the container's failure, not ours. */
function answeredOutcome(item: HandlerItem): BackendOutcome {
  try {
    const { status, headers } = handlerHead(item);
    return { kind: "answered", status, headers: lowerNames(headers), body: item.body };
  } catch (error) {
    const { status, contentType, body } = encodeRefusal(ServingError.from(error));
    return { kind: "answered", status, headers: ["content-type", contentType], body };
  }
}

/** Errors that say that the model is not there any more: nothing was begun. */
const gone: ReadonlySet<ErrorCode> = new Set(["MODEL_NOT_FOUND", "MODEL_NOT_READY"]);

function refusedOutcome({ code, message }: ServingError): BackendOutcome {
  if (code !== "QUEUE_FULL") return { kind: gone.has(code) ? "not-started" : "failed", reason: message };
  const body = Buffer.from(JSON.stringify({ code: 503, type: "ServiceUnavailableException", message }));
  return { kind: "answered", status: 503, headers: ["content-type", "application/json"], body };
}

function lowerNames(headers: readonly string[]): readonly string[] {
  return headers.map((text, index) => (index % 2 === 0 ? text.toLowerCase() : text));
}
