import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ServerSettings } from "../../contracts/settings.ts";
import { type ControlPlane, openControlPlane } from "../../endpoints/index.ts";
import { registerGateway } from "../../protocols/azureml/index.ts";
import { registerControl } from "../../protocols/control/index.ts";
import { Environment } from "../../repositories/mlserver/environment.ts";
import { readServerSettings } from "../../repositories/mlserver/settings.ts";
import { expose } from "../../telemetry/exposition.ts";
import { createLogger, type ServerLogger } from "../../telemetry/logger.ts";
import { variantFamilies } from "../../telemetry/variant-families.ts";
import { checkExposure } from "../authentication.ts";
import { Composition } from "../composition.ts";
import { createApp, listen } from "../http-app.ts";
import { InstanceLaunchers } from "../instances/launcher.ts";
import { connectBackend, startScoringWith } from "../instances/start-backends.ts";
import { SagemakerRooms } from "../sagemaker/sagemaker-rooms.ts";
import { closeApp, inTurn } from "../stopping.ts";
import { systemClock } from "../system-clock.ts";
import { answerUnknownRoutes } from "../unknown-routes.ts";
import type { RunningUp, UpRequest } from "./up-request.ts";
import { ArmListener } from "./arm-listener.ts";

const folderMode = 0o700;

interface Rooms {
  readonly request: UpRequest;
  readonly settings: ServerSettings;
  readonly serving: Composition;
  readonly launcher: InstanceLaunchers;
  readonly sagemaker: SagemakerRooms;
  readonly control: ControlPlane;
  readonly logger: ServerLogger;
  readonly notices: readonly string[];
  readonly addresses: Addresses;
}

/** Known once everything listens. */
interface Addresses {
  url: string;
  controlUrl: string;
  tlsUrl: string;
}

/** Endpoints beside models: a serving composition whose data port also speaks for endpoints, and the planes above it. */
export class UpComposition {
  readonly #rooms: Rooms;
  readonly #arm: ArmListener;
  readonly #apps: FastifyInstance[] = [];
  #stopping: Promise<void> | null = null;

  private constructor(rooms: Rooms) {
    this.#rooms = rooms;
    const { request, control, logger } = rooms;
    const { stateFolder, variables } = request;
    this.#arm = new ArmListener({
      control,
      stateFolder,
      knownBundle: variables["REQUESTS_CA_BUNDLE"],
      logger,
    });
  }

  static async open(request: UpRequest): Promise<UpComposition> {
    const { stateFolder, variables, cwd, version } = request;
    await mkdir(stateFolder, { recursive: true, mode: folderMode });
    const folder = request.folder ?? (await emptyFolder(stateFolder));
    const environment = await Environment.read(cwd, variables);
    const flags = { ...request.flags, httpPort: String(request.port), metricsPort: "0" };
    const { settings, origins, notices } = await readServerSettings({ folder, flags, environment, version });
    checkExposure(settings, origins.host);
    const format = settings.logFormat === "auto" ? autoFormat() : settings.logFormat;
    const logger = createLogger({ level: settings.logLevel, format });
    const serving = new Composition({
      folder,
      // The control plane has the metrics.
      settings: { ...settings, metricsEndpoint: null },
      origins,
      environment,
      logger,
      version,
    });
    const addresses = { url: "", controlUrl: "", tlsUrl: "" };
    const launcher = new InstanceLaunchers({
      startScoring: startScoringWith({
        python: serving.python,
        clock: systemClock,
        maxBodyBytes: settings.maxBodyBytes,
      }),
      connect: connectBackend,
      interpreter: serving.interpreter.path,
      variables: environment.variables,
      stateFolder,
      engine: request.engine,
      allowsPull: request.allowsPull,
      clock: systemClock,
      logger,
    });
    const sagemaker = new SagemakerRooms({ request, settings, serving, launcher, logger });
    const control = await openControlPlane({
      stateFolder,
      clock: systemClock,
      logger,
      launcher,
      sagemaker,
      scoringBaseUrl: () => addresses.url,
    });
    const rooms = { request, settings, serving, launcher, sagemaker, control, logger, notices, addresses };
    return new UpComposition(rooms);
  }

  async start(): Promise<RunningUp> {
    const { request, settings, serving, launcher, sagemaker, control, logger, notices, addresses } =
      this.#rooms;
    const { host, maxBodyBytes } = settings;
    const report = await serving.discover();
    void serving.prepare();
    const { url } = await serving.listen((app, observer) => {
      const runtime = sagemaker.register(app, observer, control);
      registerGateway(app, {
        directory: control.directory,
        clock: systemClock,
        observer,
        maxBodyBytes,
        isTaken: (exchange) => runtime?.take(exchange) === true,
      });
    });
    addresses.url = url;
    const next = (offset: number): number => (request.port === 0 ? 0 : request.port + offset);
    addresses.controlUrl = await listen(await this.#controlApp(), { host, port: next(1) });
    addresses.tlsUrl = await this.#arm.listen(
      { host, port: next(2) },
      await adminKeyDigest(request.adminKeyFile),
    );
    await serving.load();
    // The state folder is ours by now: what an earlier, killed run has left in it is nobody else's.
    await Promise.all([launcher.start(), sagemaker.launcher.start()]);
    await control.start();
    return {
      ...addresses,
      stateFolder: request.stateFolder,
      logger,
      notices: [...notices, ...report.notices],
      restored: control.endpoints.list(),
      stop: (options) => this.stop(options),
    };
  }

  /** A second call with `force` cuts the first one short. */
  stop({ force = false }: { readonly force?: boolean } = {}): Promise<void> {
    const { serving, control } = this.#rooms;
    if (force && this.#stopping !== null) {
      void control.stop({ force });
      void serving.stop({ force });
    }
    this.#stopping ??= this.#stop(force);
    return this.#stopping;
  }

  async #stop(force: boolean): Promise<void> {
    const { serving, control, launcher } = this.#rooms;
    // Calls under way end before their instances do, and instances before the data port's Python processes.
    await inTurn(
      () => Promise.all([this.#arm.stop(), ...this.#apps.map(closeApp)]),
      () => control.stop({ force }),
      () => launcher.stop(),
      () => serving.stop({ force }),
    );
  }

  async #controlApp(): Promise<FastifyInstance> {
    const { request, settings, serving, control, logger, addresses } = this.#rooms;
    const app = createApp();
    this.#apps.push(app);
    const closeRoutes = answerUnknownRoutes(app);
    registerControl(app, {
      ...control,
      logger,
      host: settings.host,
      adminKeySha256: await adminKeyDigest(request.adminKeyFile),
      about: () => ({ name: "hostler", version: request.version, ...addresses }),
    });
    app.get("/metrics", async (_request, reply) => {
      const { contentType, text } = await serving.exposition();
      const variants = await expose(variantFamilies(control.sagemaker?.metrics() ?? []));
      return reply.header("content-type", contentType).send(text + variants.text);
    });
    closeRoutes();
    return app;
  }
}

/** What is served beside endpoints where no folder was named: nothing. */
async function emptyFolder(stateFolder: string): Promise<string> {
  const folder = join(stateFolder, "models");
  await mkdir(folder, { recursive: true, mode: folderMode });
  return folder;
}

function autoFormat(): "json" | "pretty" {
  return process.stdout.isTTY ? "pretty" : "json";
}

async function adminKeyDigest(file: string | null): Promise<string | null> {
  if (file === null) return null;
  const key = (await readFile(file, "utf8")).trim();
  if (key === "") {
    throw new ServingError("INVALID_SETTINGS", "The file with the control plane's key is empty.", {
      where: file,
    });
  }
  return createHash("sha256").update(key).digest("hex");
}
