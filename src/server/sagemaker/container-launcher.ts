import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { EngineChoice } from "../../contracts/control/deployment.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { InstanceLog } from "../../core/ports/instance-launcher.ts";
import type { ContainerLaunch, ContainerLauncher, ModelContainer } from "../../core/ports/model-container.ts";
import type { EngineSearch } from "../../engines/container/container-engine.ts";
import { noEngine } from "../../engines/container/container-engine.ts";
import type { S3Client } from "../../repositories/s3/index.ts";
import type { ConnectBackend } from "../instances/http-instance.ts";
import { launchImage } from "./image-container.ts";
import { ModelCache } from "./model-cache.ts";
import { ModelFiles } from "./model-files.ts";
import { modelLocationOf } from "./model-location.ts";
import { launchProcessHost, type ProcessHostOptions } from "./process-container.ts";

export interface ContainerLauncherOptions extends Omit<ProcessHostOptions, "unpackFolder"> {
  readonly stateFolder: string;
  readonly s3: S3Client;
  /** Where containers may run. */
  readonly engine: EngineChoice;
  readonly connect: ConnectBackend;
  readonly containers: () => Promise<{
    readonly search: EngineSearch;
    readonly labels: Readonly<Record<string, string>>;
  }>;
}

/**
 * Chooses where a variant's container runs: the image itself where the container engine of this machine has it, and
 * otherwise our own host, which runs what the models bring.
 */
export class VariantLauncher implements ContainerLauncher {
  readonly #options: ContainerLauncherOptions;
  readonly #folder: string;
  readonly #cache: ModelCache;
  readonly #abort = new AbortController();

  constructor(options: ContainerLauncherOptions) {
    this.#options = options;
    this.#folder = join(options.stateFolder, "sagemaker");
    this.#cache = new ModelCache(join(this.#folder, "models"));
  }

  stop(): void {
    this.#abort.abort();
  }

  /** Removes what an earlier run, which was killed, had unpacked. */
  async start(): Promise<void> {
    await rm(this.#unpackFolder, { recursive: true, force: true });
  }

  async launch(launch: ContainerLaunch, log: InstanceLog): Promise<ModelContainer> {
    const { s3, clock, connect, containers, engine: choice } = this.#options;
    if (this.#abort.signal.aborted) throw new ServingError("SHUTTING_DOWN", "The server is stopping.");
    const location = modelLocationOf(launch.definition);
    const files = location === null ? null : new ModelFiles(location, { s3, cache: this.#cache });
    const image = launch.definition.Image ?? "";
    const { signal } = this.#abort;
    if (choice !== "process" && image !== "") {
      const { search, labels } = await containers();
      if (search.kind === "none" && choice === "container") throw noEngine(search.looked);
      if (search.kind === "found" && (await search.engine.image(image)) !== null) {
        const options = { engine: search.engine, labels, connect, clock, unpackFolder: this.#unpackFolder };
        return await launchImage(options, { launch, files, log, signal });
      }
    }
    if (files === null || choice === "container") throw noImage(image);
    if (image !== "")
      log.line(null, "hostler", `${image} is not on this machine: hostler's own host stands for it.`);
    return await launchProcessHost(
      { ...this.#options, unpackFolder: this.#unpackFolder },
      { launch, files, log, signal },
    );
  }

  get #unpackFolder(): string {
    return join(this.#folder, "unpacked");
  }
}

function noImage(image: string): ServingError {
  return new ServingError(
    "IMAGE_UNAVAILABLE",
    `The image ${image} is not on this machine, and there is no model data that could run without it.`,
    {
      got: image,
      hint: `Get it with \`docker pull ${image}\`, or give ModelDataUrl with a handler, code/inference.py, or an sklearn or XGBoost model.`,
    },
  );
}
