import { createHash, randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { z } from "zod";
import type { EngineChoice } from "../../contracts/control/deployment.ts";
import { withoutOwnSecrets } from "../../contracts/secret-variables.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import { Pause } from "../../core/instances/pause.ts";
import type { Clock, Timer } from "../../core/ports/clock.ts";
import type {
  InstanceLauncher,
  InstanceLog,
  LaunchOrder,
  PreparedDeployment,
} from "../../core/ports/instance-launcher.ts";
import type { Logger } from "../../core/ports/logger.ts";
import { type EngineSearch, findContainerEngine } from "../../engines/container/container-engine.ts";
import {
  type LocalEnvironment,
  LocalEnvironments,
} from "../../engines/process/environments/local-environments.ts";
import { PortBook } from "../../engines/process/port-book.ts";
import { runToolOrFail } from "../../engines/process/tool.ts";
import { pythonProgram } from "../../engines/shared/python-program.ts";
import { prepareContainers } from "./container-deployment.ts";
import { chooseEngine, type EngineDecision } from "./engine-choice.ts";
import type { ConnectBackend } from "./http-instance.ts";
import { localPaths } from "./instance-paths.ts";
import { defaultPort, inferenceConfigOf, portsOf } from "./instance-routes.ts";
import { refuseSecretReferences } from "./instance-variables.ts";
import { prepareOwnServer } from "./own-server.ts";
import { prepareScoring, type StartScoring } from "./scoring-deployment.ts";

export interface InstanceLaunchersOptions {
  /** Absolute; Python environments are kept below it, and containers are known by it. */
  readonly stateFolder: string;
  /** Python of deployments that ask for no other. */
  readonly interpreter: string;
  /** hostler's own environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** What `auto` in a deployment means. */
  readonly engine: EngineChoice;
  /** Whether images may be pulled. */
  readonly allowsPull: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly startScoring: StartScoring;
  readonly connect: ConnectBackend;
}

type FoundEngine = Extract<EngineSearch, { kind: "found" }>;

const stateLabel = "hostler.state";
const runLabel = "hostler.run";
/** An engine may still be making what a run that was killed had asked for: it is looked for again so long after the start. */
const laterSweepsMs = [10_000, 60_000] as const;
/** A sweep that is under way at the end gets this long: an engine that answers no more must not hold up the stop. */
const lastSweepMs = 5_000;
const imageNamespace = "hostler-environment";

const scriptSchema = z.union([
  z.object({ error: z.string() }),
  z.object({ init: z.boolean(), run: z.boolean(), main: z.boolean() }),
]);

/** Decides for each deployment what an instance of it is, and starts instances: workers, processes, containers. */
export class InstanceLaunchers implements InstanceLauncher {
  readonly #options: InstanceLaunchersOptions;
  readonly #environments: LocalEnvironments;
  readonly #ports = new PortBook();
  readonly #abort = new AbortController();
  readonly #workFolder: string;
  /** Two state folders on one machine do not touch each other's containers. */
  readonly #stateId: string;
  readonly #runId = randomUUID();
  readonly #laterSweeps: Timer[] = [];
  #swept: Promise<void> | null = null;
  /** The newest last. One that no longer answers is kept: containers that it started are followed through it. */
  readonly #engines: FoundEngine[] = [];

  constructor(options: InstanceLaunchersOptions) {
    const { stateFolder, interpreter, clock } = options;
    const variables = withoutOwnSecrets(options.variables);
    this.#options = { ...options, variables };
    this.#workFolder = join(stateFolder, "work");
    this.#stateId = createHash("sha256").update(stateFolder).digest("hex").slice(0, 16);
    const folder = join(stateFolder, "environments");
    this.#environments = new LocalEnvironments({ folder, interpreter, variables, clock });
  }

  /**
   * Removes the containers that an earlier run, which was killed, has left behind. The state folder has to be ours by
   * then: in somebody else's they would be alive.
   */
  start(): Promise<void> {
    if (this.#swept !== null) return this.#swept;
    this.#swept = this.#sweep();
    for (const delayMs of laterSweepsMs) {
      const timer = this.#options.clock.schedule(delayMs, () => {
        if (this.#engines.length > 0) this.#swept = this.#sweep();
      });
      this.#laterSweeps.push(timer);
    }
    return this.#swept;
  }

  async prepare(order: LaunchOrder, log: InstanceLog): Promise<PreparedDeployment> {
    refuseSecretReferences(order);
    void this.start();
    const say = (text: string): void => {
      log.line(null, "hostler", text);
    };
    const { engine, allowsPull } = this.#options;
    const decision = await chooseEngine(order, {
      engine,
      allowsPull,
      imagePrefix: `${imageNamespace}-${this.#stateId.slice(0, 8)}`,
      scratchFolder: this.#workFolder,
      findEngine: () => this.#findEngine(),
      say,
    });
    if (decision.kind === "container") return this.#prepareContainers(order, decision, log);
    return this.#prepareProcess(order, log, say);
  }

  /** The container engine, for whoever starts containers of other kinds, and the labels that make them this state's. */
  async containers(): Promise<{
    readonly search: EngineSearch;
    readonly labels: Readonly<Record<string, string>>;
  }> {
    return { search: await this.#findEngine(), labels: this.#labels };
  }

  /** Ends what is being prepared; instances belong to whoever launched them. */
  async stop(): Promise<void> {
    this.#abort.abort(new ServingError("SHUTTING_DOWN", "The server is stopping."));
    for (const timer of this.#laterSweeps) timer.cancel();
    const patience = new Pause(this.#options.clock);
    await Promise.all([
      this.#environments.stop(),
      Promise.race([this.#swept, patience.for(lastSweepMs)]).then(() => {
        patience.end();
      }),
    ]);
    await Promise.all(this.#engines.map(({ engine }) => engine.stop()));
    // It ends with its connections.
    await this.#swept;
  }

  get #labels(): Readonly<Record<string, string>> {
    return { [stateLabel]: this.#stateId, [runLabel]: this.#runId };
  }

  #prepareContainers(
    order: LaunchOrder,
    { image, search }: Extract<EngineDecision, { kind: "container" }>,
    log: InstanceLog,
  ): PreparedDeployment {
    const { endpoint_name: endpoint, name } = order.spec;
    const labels = {
      ...this.#labels,
      "hostler.endpoint": endpoint,
      "hostler.deployment": name,
      "hostler.revision": String(order.revision),
    };
    const { connect } = this.#options;
    const config = inferenceConfigOf(order);
    return prepareContainers({ order, config, image, engine: search.engine, labels, connect, log });
  }

  async #prepareProcess(
    order: LaunchOrder,
    log: InstanceLog,
    say: (text: string) => void,
  ): Promise<PreparedDeployment> {
    const { variables, interpreter, clock, startScoring, connect } = this.#options;
    const environment = await this.#environments.prepare(order.environment?.conda ?? null, say);
    if (!(await this.#isOwnServer(order, environment))) {
      const path = [environment.programs, variables["PATH"] ?? ""].join(delimiter);
      return prepareScoring({ order, environment, path, start: startScoring, log });
    }
    await mkdir(this.#workFolder, { recursive: true });
    return prepareOwnServer({
      order,
      config: inferenceConfigOf(order),
      environment,
      host: { interpreter, clock },
      variables,
      workFolder: this.#workFolder,
      ports: this.#ports,
      connect,
      log,
    });
  }

  /**
   * A command is a server of its own; so is a script whose routes lead to another port than the scoring server's, and
   * one without `run()`.
   */
  async #isOwnServer(order: LaunchOrder, environment: LocalEnvironment): Promise<boolean> {
    if (order.spec.command !== null) return true;
    const { application } = localPaths(order);
    if (application === null) throw new ServingError("INTERNAL", "A process without a program.");
    if (portsOf(inferenceConfigOf(order)).some((port) => port !== defaultPort)) return true;
    const script = join(application.root, application.script);
    const { interpreter, variables, clock } = this.#options;
    const { output } = await runToolOrFail(
      [environment.interpreter, "-I", pythonProgram("own_server.py"), "inspect", script],
      { interpreter, variables, clock, signal: this.#abort.signal, what: `${script} cannot be read` },
    );
    const found = scriptSchema.parse(JSON.parse(output));
    if ("error" in found) {
      throw new ServingError("DEPLOYMENT_FAILED", `The scoring script cannot be read: ${found.error}`, {
        where: script,
        field: "code_configuration.scoring_script",
      });
    }
    return !found.run;
  }

  /** The engine that answered before, or one that answers now: it may have been started since. */
  async #findEngine(): Promise<EngineSearch> {
    await this.start();
    return this.#connected();
  }

  async #connected(): Promise<EngineSearch> {
    const newest = this.#engines.at(-1);
    if (newest !== undefined && (await newest.engine.isAlive())) return newest;
    const search = await findContainerEngine(this.#options.variables);
    if (search.kind === "none") return search;
    if (this.#abort.signal.aborted) {
      // Nobody would close its connections any more.
      await search.engine.stop();
      return { kind: "none", looked: [] };
    }
    this.#engines.push(search);
    return search;
  }

  /** Removes the containers of an earlier run that was killed. */
  async #sweep(): Promise<void> {
    const { logger } = this.#options;
    try {
      const search = await this.#connected();
      if (search.kind === "none") return;
      const removed = await search.engine.removeLabelled(`${stateLabel}=${this.#stateId}`, {
        name: runLabel,
        value: this.#runId,
      });
      if (removed > 0) logger.info("containers of an earlier run removed", { containers: removed });
    } catch (error) {
      logger.warn("containers of an earlier run may be left", { reason: ServingError.from(error).message });
    }
  }
}
