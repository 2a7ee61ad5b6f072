import { ServingError } from "../../contracts/serving-error.ts";
import type { ArchivedModel, ModelArchives } from "../ports/model-archives.ts";
import { builtInOptions } from "./built-in.ts";
import type { HostedModelSpec, HowItRuns, RegisterOptions, RegisterOutcome } from "./hosted-model-spec.ts";
import type { ModelHost } from "./model-host.ts";
import { checkWorkers } from "./worker-count.ts";

/** What holds for a model where neither who asks for it nor its archive says otherwise. */
export interface RegistrationDefaults {
  /** As `model_service.py:handle`; null: a model without a handler of its own is refused. */
  readonly handler: string | null;
  readonly workers: number;
  /** Of a model whose archive names none; left out: it has no version. */
  readonly version?: string;
  readonly batchSize: number;
  readonly maxBatchDelayMs: number;
  readonly responseTimeoutMs: number;
  readonly interpreter: string;
  readonly decodesInput: boolean;
  readonly variables: Readonly<Record<string, string>>;
  readonly hiddenVariables: readonly string[];
}

/** What somebody says of a model that is to be loaded; what is left out comes from its archive, or from the defaults. */
export interface RegistrationRequest {
  readonly url: string;
  readonly name?: string | undefined;
  /** What it is called where neither the request nor its archive names it. */
  readonly fallbackName?: string | undefined;
  readonly handler?: string | undefined;
  readonly runtime?: string | undefined;
  readonly batchSize?: number | undefined;
  readonly maxBatchDelayMs?: number | undefined;
  readonly responseTimeoutMs?: number | undefined;
  /** After this time a load has failed. */
  readonly startupTimeoutMs?: number | undefined;
  readonly initialWorkers?: number | undefined;
  readonly maxWorkers?: number | undefined;
  readonly synchronous?: boolean | undefined;
  readonly loadedAtStartup?: boolean | undefined;
}

export interface Registrar {
  readonly host: ModelHost;
  readonly archives: ModelArchives;
  readonly defaults: RegistrationDefaults;
}

export interface Registered {
  readonly name: string;
  readonly version: string | null;
  readonly workers: number;
  readonly outcome: RegisterOutcome;
}

const runtimes: ReadonlySet<string> = new Set(["python", "python2", "python3"]);

/**
 * Finds a model and hosts it.
 *
 * @throws ServingError what {@link ModelArchives.resolve} and {@link ModelHost.register} reject with; INVALID_REQUEST for
 *   wrong values, INVALID_DOCUMENT where nothing names the model or its handler
 */
export async function registerModel(
  { host, archives, defaults }: Registrar,
  request: RegistrationRequest,
): Promise<Registered> {
  const { spec, options } = await prepareModel({ archives, defaults }, request);
  const outcome = await host.register(spec, options);
  return { name: spec.name, version: spec.version, workers: options.minWorkers, outcome };
}

/** Finds a model, for somebody who hosts it then; rejects as {@link registerModel} does. */
export async function prepareModel(
  { archives, defaults }: Omit<Registrar, "host">,
  request: RegistrationRequest,
): Promise<PreparedModel> {
  checkRuntime(request.runtime);
  const archive = await archives.resolve(request.url);
  return await described(archive, request, defaults);
}

export interface PreparedModel {
  readonly spec: HostedModelSpec;
  readonly options: RegisterOptions;
}

async function described(
  archive: ArchivedModel,
  request: RegistrationRequest,
  defaults: RegistrationDefaults,
): Promise<PreparedModel> {
  try {
    const spec = specOf(archive, request, defaults);
    const options = optionsOf(archive, request, defaults);
    return { spec, options: spec.runs.kind === "built-in" ? builtInOptions(options) : options };
  } catch (error) {
    await archive.release();
    throw error;
  }
}

function specOf(
  archive: ArchivedModel,
  request: RegistrationRequest,
  defaults: RegistrationDefaults,
): HostedModelSpec {
  const name = request.name ?? archive.modelName ?? request.fallbackName ?? null;
  if (name === null || name === "") throw new ServingError("INVALID_DOCUMENT", "Model name is not defined.");
  const runtime = request.runtime ?? archive.runtime ?? "python";
  checkRuntime(runtime);
  const { folder, manifest, bytes, engine, modelVersion } = archive;
  const version = modelVersion ?? defaults.version ?? null;
  return {
    ...{ name, version, url: request.url, folder, manifest, bytes, runtime, engine },
    runs: howItRuns(archive, request, defaults),
    release: () => archive.release(),
  };
}

function howItRuns(
  archive: ArchivedModel,
  request: RegistrationRequest,
  defaults: RegistrationDefaults,
): HowItRuns {
  const named = request.handler ?? archive.handler;
  if (named === null && archive.builtIn !== null) return { kind: "built-in", spec: archive.builtIn };
  const handler = named ?? defaults.handler;
  if (handler === null || handler === "") {
    throw new ServingError("INVALID_DOCUMENT", "Model handler is not defined.", {
      hint: "Name it in the manifest, in the request (handler), or for all models (default_service_handler).",
    });
  }
  const { interpreter, decodesInput, variables, hiddenVariables } = defaults;
  return { kind: "handler", handler, interpreter, decodesInput, variables, hiddenVariables };
}

function optionsOf(
  { settings }: ArchivedModel,
  request: RegistrationRequest,
  defaults: RegistrationDefaults,
): RegisterOptions {
  const minWorkers = request.initialWorkers ?? settings.minWorkers ?? defaults.workers;
  const maxWorkers = request.maxWorkers ?? settings.maxWorkers ?? Math.max(1, minWorkers);
  return {
    minWorkers: checkWorkers("initial_workers", atLeast(0, "initial_workers", minWorkers)),
    maxWorkers: Math.max(minWorkers, maxWorkers),
    batchSize: atLeast(1, "batch_size", request.batchSize ?? settings.batchSize ?? defaults.batchSize),
    maxBatchDelayMs: atLeast(
      0,
      "max_batch_delay",
      request.maxBatchDelayMs ?? settings.maxBatchDelayMs ?? defaults.maxBatchDelayMs,
    ),
    responseTimeoutMs: atLeast(
      1,
      "response_timeout",
      request.responseTimeoutMs ?? settings.responseTimeoutMs ?? defaults.responseTimeoutMs,
    ),
    startupTimeoutMs: request.startupTimeoutMs ?? settings.startupTimeoutMs,
    synchronous: request.synchronous ?? true,
    loadedAtStartup: request.loadedAtStartup ?? false,
  };
}

function atLeast(least: number, field: string, value: number): number {
  if (value >= least) return value;
  throw ServingError.invalidField(field, `a number from ${String(least)} up`, String(value));
}

function checkRuntime(runtime: string | undefined): void {
  if (runtime === undefined || runtimes.has(runtime)) return;
  throw new ServingError("INVALID_REQUEST", `Invalid RuntimeType value: ${runtime}`, {
    field: "runtime",
    expected: [...runtimes].join(", "),
    got: runtime,
  });
}
