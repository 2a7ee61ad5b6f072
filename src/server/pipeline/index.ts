import type { InstanceEnd } from "../../core/ports/instance-launcher.ts";
import { createApp, listen } from "../http-app.ts";
import { connectBackend } from "../instances/start-backends.ts";
import { closeApp } from "../stopping.ts";
import { systemClock } from "../system-clock.ts";
import { answerUnknownRoutes } from "../unknown-routes.ts";
import { Chain } from "./chain.ts";
import { type Containers, openContainers } from "./containers.ts";
import { registerPipeline } from "./routes.ts";
import { type Stage, type StageSpec, untilWell } from "./stage.ts";

export type { StageSpec } from "./stage.ts";

export interface PipelineRequest {
  readonly stages: readonly StageSpec[];
  readonly mode: "serial" | "direct";
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** What all containers but the last are asked to answer with; null: they choose themselves. */
  readonly defaultAccept: string | null;
  /** Given to every container that is started. */
  readonly containerVariables: Readonly<Record<string, string>>;
  readonly allowsPull: boolean;
  readonly startupTimeoutMs: number;
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly onLine: (name: string, source: "stdout" | "stderr", text: string) => void;
}

export interface RunningPipeline {
  readonly url: string;
  readonly stages: readonly Pick<Stage, "name" | "where">[];
  /** Resolves when a container has ended unasked: the pipeline is of no use any more. */
  readonly broken: Promise<BrokenStage>;
  stop(options?: { readonly force?: boolean }): Promise<void>;
}

interface BrokenStage {
  readonly name: string;
  readonly end: InstanceEnd;
}

/** What a container is given to end, as SageMaker gives it. */
const graceMs = 30_000;

/** Starts the containers, waits until they are well, and listens. Rejects with nothing left running. */
export async function startPipeline(request: PipelineRequest): Promise<RunningPipeline> {
  const pipeline = new Pipeline(request);
  try {
    return await pipeline.start();
  } catch (error) {
    await pipeline.stop({ force: true });
    throw error;
  }
}

class Pipeline {
  readonly #request: PipelineRequest;
  readonly #app = createApp();
  readonly #broken = Promise.withResolvers<BrokenStage>();
  #containers: Containers | null = null;
  #stages: readonly Stage[] = [];
  #isReady = false;
  #stopping: Promise<void> | null = null;

  constructor(request: PipelineRequest) {
    this.#request = request;
  }

  async start(): Promise<RunningPipeline> {
    const { host, port, startupTimeoutMs } = this.#request;
    this.#register();
    // First of all: while the address is ours, containers with its label are nobody else's.
    const url = await listen(this.#app, { host, port });
    await this.#open(new URL(url).host);
    await Promise.all(
      this.#stages.filter(({ ended }) => ended !== null).map((stage) => untilWell(stage, startupTimeoutMs)),
    );
    this.#isReady = true;
    return { url, stages: this.#stages, broken: this.#broken.promise, stop: (options) => this.stop(options) };
  }

  stop({ force = false }: { readonly force?: boolean } = {}): Promise<void> {
    this.#isReady = false;
    if (force) this.#app.server.closeAllConnections();
    this.#stopping ??= this.#stop(force ? 0 : graceMs);
    return this.#stopping;
  }

  async #stop(grace: number): Promise<void> {
    await closeApp(this.#app);
    await Promise.all(this.#stages.map((stage) => stage.stop(grace)));
    await this.#containers?.stop();
  }

  async #open(label: string): Promise<void> {
    const { stages, variables, containerVariables, allowsPull, onLine } = this.#request;
    if (stages.some(({ runs }) => runs.kind === "container")) {
      this.#containers = await openContainers({ variables, containerVariables, label, allowsPull, onLine });
    }
    // One after the other, so that each is known and can be stopped when the next one fails.
    for (const [position, spec] of stages.entries()) {
      const stage = await this.#openStage(spec, position);
      this.#stages = [...this.#stages, stage];
      void stage.ended?.then((end) => {
        this.#broken.resolve({ name: spec.name, end });
      });
    }
  }

  #openStage(spec: StageSpec, position: number): Promise<Stage> {
    const { name, runs } = spec;
    if (runs.kind === "server") return Promise.resolve(serverStage(name, runs.url));
    if (this.#containers === null) throw new Error("containers are opened before their stages");
    return this.#containers.start(spec, position);
  }

  #register(): void {
    const { mode, timeoutMs, defaultAccept, maxBodyBytes } = this.#request;
    const closeRoutes = answerUnknownRoutes(this.#app);
    registerPipeline(this.#app, {
      chain: new Chain({ clock: systemClock, timeoutMs, defaultAccept, maxBodyBytes }),
      stages: () => this.#stages,
      mode,
      clock: systemClock,
      maxBodyBytes,
      isReady: () => this.#isReady,
    });
    closeRoutes();
  }
}

/** A server that somebody else runs. */
function serverStage(name: string, url: URL): Stage {
  const port = url.port === "" ? 80 : Number(url.port);
  const connection = connectBackend({ host: url.hostname.replace(/^\[|\]$/g, ""), port });
  const target = url.pathname === "/" ? `/invocations${url.search}` : `${url.pathname}${url.search}`;
  return {
    name,
    backend: connection.backend,
    target,
    where: url.href,
    ended: null,
    stop: () => connection.stop(),
  };
}
