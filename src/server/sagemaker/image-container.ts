import { cp, mkdir, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Backend, BackendCall, BackendOutcome } from "../../core/ports/backend.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { InstanceEnd, InstanceLog } from "../../core/ports/instance-launcher.ts";
import type {
  ContainerLaunch,
  ContainerModels,
  ContainerRequest,
  ModelContainer,
  ObtainedModel,
} from "../../core/ports/model-container.ts";
import type { Container, Mount } from "../../engines/container/container.ts";
import type { ContainerEngine } from "../../engines/container/container-engine.ts";
import { ArchiveStore, type OpenArchive } from "../../repositories/mar/index.ts";
import type { ConnectBackend } from "../instances/http-instance.ts";
import type { LocalModel, ModelFiles } from "./model-files.ts";

export interface ImageContainerOptions {
  readonly engine: ContainerEngine;
  readonly labels: Readonly<Record<string, string>>;
  readonly connect: ConnectBackend;
  readonly clock: Clock;
  readonly unpackFolder: string;
}

const port = 8080;
const modelFolder = "/opt/ml/model";
const modelsFolder = "/opt/ml/models";
const pingEveryMs = 500;
const noBody = new Uint8Array();

/** An image that keeps SageMaker's contract, in a container; resolves when it says that it is well. */
export async function launchImage(
  options: ImageContainerOptions,
  {
    launch,
    files,
    log,
    signal,
  }: {
    readonly launch: ContainerLaunch;
    readonly files: ModelFiles | null;
    readonly log: InstanceLog;
    /** Gives the launch up. */
    readonly signal: AbortSignal;
  },
): Promise<ModelContainer> {
  const { endpoint, variant, ordinal, definition, startupTimeoutMs } = launch;
  const folder = join(options.unpackFolder, `${endpoint}-${variant}-${String(ordinal)}`);
  await mkdir(folder, { recursive: true });
  const store = new ArchiveStore(folder);
  const isMulti = definition.Mode === "MultiModel";
  try {
    const mounts = await mountsFor({ folder, store, files, isMulti });
    const container = await options.engine.start({
      image: definition.Image ?? "",
      command: null,
      arguments: ["serve"],
      variables: variablesOf(launch, isMulti),
      mounts,
      ports: [port],
      labels: { ...options.labels, "hostler.endpoint": endpoint, "hostler.variant": variant },
      memoryBytes: null,
      cpus: null,
      onLine: (source, text) => {
        log.line(ordinal, source, text);
      },
    });
    const running = new ImageContainer(options, {
      container,
      image: definition.Image ?? "",
      store,
      folder,
      files: isMulti ? files : null,
    });
    await running.well(startupTimeoutMs, signal);
    return running;
  } catch (error) {
    await store.stop();
    throw error;
  }
}

async function mountsFor({
  folder,
  store,
  files,
  isMulti,
}: {
  readonly folder: string;
  readonly store: ArchiveStore;
  readonly files: ModelFiles | null;
  readonly isMulti: boolean;
}): Promise<readonly Mount[]> {
  if (isMulti) return [{ source: folder, target: modelsFolder }];
  if (files === null) return [];
  const { path } = await files.obtain(null);
  return [{ source: (await store.open(path)).folder, target: modelFolder }];
}

function variablesOf({ definition }: ContainerLaunch, isMulti: boolean): Readonly<Record<string, string>> {
  return {
    ...definition.Environment,
    SAGEMAKER_BIND_TO_PORT: String(port),
    SAGEMAKER_SAFE_PORT_RANGE: "30000-30100",
    ...(isMulti ? { SAGEMAKER_MULTI_MODEL: "true" } : {}),
  };
}

interface Parts {
  readonly container: Container;
  readonly image: string;
  readonly store: ArchiveStore;
  /** What the container sees as its models. */
  readonly folder: string;
  /** Null where it has one model from the start. */
  readonly files: ModelFiles | null;
}

interface Held {
  readonly local: LocalModel;
  opened: OpenArchive | null;
}

class ImageContainer implements ModelContainer, ContainerModels {
  readonly resolved: string;
  readonly models: ContainerModels | null;
  readonly ended: Promise<InstanceEnd>;
  readonly #clock: Clock;
  readonly #parts: Parts;
  readonly #backend: Backend;
  readonly #closeBackend: () => Promise<void>;
  readonly #held = new Map<string, Held>();
  #hasEnded = false;

  constructor({ connect, clock }: ImageContainerOptions, parts: Parts) {
    const { container, image, files } = parts;
    this.#clock = clock;
    this.#parts = parts;
    this.resolved = `${image} in container ${container.shortId}`;
    this.models = files === null ? null : this;
    const connection = connect({ host: "127.0.0.1", port: container.hostPort(port) });
    this.#backend = connection.backend;
    this.#closeBackend = () => connection.stop();
    this.ended = container.ended.then(async ({ code }) => {
      this.#hasEnded = true;
      await connection.stop();
      return {
        reason: code === null ? "its container was removed" : `exit code ${String(code)}`,
        isHopeless: false,
      };
    });
  }

  /** Resolves when it answers /ping with 200. Rejects with DEPLOYMENT_FAILED; nothing of it is left then. */
  async well(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const giveUpAt = this.#clock.now() + timeoutMs;
    for (;;) {
      const { outcome } = this.#backend.call({ method: "GET", target: "/ping", headers: [], body: noBody });
      const answer = await outcome;
      if (answer.kind === "answered" && answer.status === 200) return;
      if (this.#hasEnded || signal.aborted || this.#clock.now() >= giveUpAt) break;
      await this.#pause();
    }
    await this.stop(0);
    const { image } = this.#parts;
    throw new ServingError(
      "DEPLOYMENT_FAILED",
      `The primary container for production variant did not pass the ping health check: ${image} did not answer /ping with 200.`,
      { hint: "Its log says why." },
    );
  }

  async obtain(target: string): Promise<ObtainedModel> {
    const { files } = this.#parts;
    if (files === null) throw new ServingError("INTERNAL", "A container of one model was asked for another.");
    const local = await files.obtain(target);
    this.#held.set(local.id, this.#held.get(local.id) ?? { local, opened: null });
    return { id: local.id, target };
  }

  async load({ id, target }: ObtainedModel): Promise<void> {
    const held = this.#held.get(id);
    if (held === undefined) throw new ServingError("INTERNAL", `The model ${id} was never obtained.`);
    const folder = await this.#unpacked(held);
    const url = join(modelsFolder, relative(this.#parts.folder, folder));
    const headers = ["content-type", "application/json", "x-amzn-sagemaker-target-model", target];
    const body = Buffer.from(JSON.stringify({ model_name: id, url }));
    const { status, text } = await this.#manage({ method: "POST", target: "/models", headers, body });
    // 409: it is there already, as after an answer that was lost.
    if (status === 200 || status === 409) return;
    if (status === 507)
      throw new ServingError("OUT_OF_MEMORY", `The container has no room for ${target}.`, { model: target });
    throw new ServingError(
      "MODEL_LOAD_FAILED",
      text === "" ? `The container answered LOAD with ${String(status)}.` : text,
      { model: target },
    );
  }

  async unload({ id }: ObtainedModel): Promise<void> {
    await this.#manage({
      method: "DELETE",
      target: `/models/${encodeURIComponent(id)}`,
      headers: [],
      body: noBody,
    });
    const held = this.#held.get(id);
    await held?.opened?.release();
    if (held !== undefined) held.opened = null;
  }

  async discard({ id }: ObtainedModel): Promise<void> {
    const held = this.#held.get(id);
    this.#held.delete(id);
    if (held !== undefined) await this.#parts.files?.discard(held.local);
  }

  invoke(model: string | null, { headers, body }: ContainerRequest): BackendCall {
    const target = model === null ? "/invocations" : `/models/${encodeURIComponent(model)}/invoke`;
    return this.#backend.call({ method: "POST", target, headers, body });
  }

  async stop(graceMs: number): Promise<void> {
    await this.#parts.container.stop(graceMs);
    await this.#closeBackend();
    await this.#parts.store.stop();
  }

  /** Where the container sees it. A folder of the operator's lies elsewhere: its files are put there. */
  async #unpacked(held: Held): Promise<string> {
    const { store, folder } = this.#parts;
    const opened = held.opened ?? (await store.open(held.local.path));
    held.opened = opened;
    if (opened.folder.startsWith(folder)) return opened.folder;
    const copy = join(folder, held.local.id);
    await cp(opened.folder, copy, { recursive: true });
    held.opened = { folder: copy, release: () => rm(copy, { recursive: true, force: true }) };
    return copy;
  }

  async #manage(request: {
    readonly method: string;
    readonly target: string;
    readonly headers: readonly string[];
    readonly body: Uint8Array;
  }): Promise<{ readonly status: number; readonly text: string }> {
    const outcome: BackendOutcome = await this.#backend.call(request).outcome;
    if (outcome.kind !== "answered")
      throw new ServingError("MODEL_LOAD_FAILED", `The container gave no answer: ${outcome.reason}.`);
    const { status, body } = outcome;
    const chunks: Uint8Array[] = [];
    if (body instanceof Uint8Array) chunks.push(body);
    else for await (const chunk of body) chunks.push(chunk);
    return { status, text: Buffer.concat(chunks).toString().slice(0, 2_000) };
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.schedule(pingEveryMs, resolve);
    });
  }
}
