import { availableParallelism } from "node:os";
import type { FastifyInstance } from "fastify";
import type { ServerSettings } from "../../contracts/settings.ts";
import { BuiltInModels } from "../../core/hosting/built-in.ts";
import type { Meter } from "../../core/ports/meter.ts";
import type { RequestObserver } from "../../core/ports/request-observer.ts";
import type { ControlPlane, SagemakerPlane } from "../../endpoints/index.ts";
import { createPayloadCodec } from "../../protocols/http/payloads/codec.ts";
import {
  type Access,
  registerSagemakerControl,
  SagemakerRuntime,
} from "../../protocols/sagemaker-api/index.ts";
import { S3Client, s3SettingsOf } from "../../repositories/s3/index.ts";
import type { ServerLogger } from "../../telemetry/logger.ts";
import type { Composition } from "../composition.ts";
import { isLoopback } from "../authentication.ts";
import { connectBackend } from "../instances/start-backends.ts";
import type { InstanceLaunchers } from "../instances/launcher.ts";
import { systemClock } from "../system-clock.ts";
import type { UpRequest } from "../up/up-request.ts";
import { VariantLauncher } from "./container-launcher.ts";
import { Objects } from "./objects.ts";

export interface SagemakerRoomsOptions {
  readonly request: UpRequest;
  readonly settings: ServerSettings;
  readonly serving: Composition;
  readonly launcher: InstanceLaunchers;
  readonly logger: ServerLogger;
}

/** Models that one container loads at once. */
const concurrentLoads = Math.max(2, availableParallelism());

/** What SageMaker's side of `hostler up` is made of. */
export class SagemakerRooms {
  readonly launcher: VariantLauncher;
  readonly objects: Objects;
  readonly concurrentLoads = concurrentLoads;
  readonly #options: SagemakerRoomsOptions;

  constructor(options: SagemakerRoomsOptions) {
    const { request, settings, serving, launcher, logger } = options;
    this.#options = options;
    const s3 = new S3Client(s3SettingsOf(request.variables));
    this.objects = new Objects(s3);
    this.launcher = new VariantLauncher({
      stateFolder: request.stateFolder,
      s3,
      engine: request.engine,
      connect: connectBackend,
      containers: () => launcher.containers(),
      clock: systemClock,
      logger,
      launcher: { start: (launch, log) => serving.python.startHandler(launch, log) },
      builtIn: new BuiltInModels({
        clock: systemClock,
        meter: noMeter,
        runtime: serving.python,
        codec: createPayloadCodec({ defaultAccept: null }),
        queueLimit: settings.queueLimit,
        epochMs: () => Date.now(),
      }),
      interpreter: serving.interpreter.path,
      memory: serving.memory,
      memoryBudgetBytes: settings.memoryBudgetBytes,
      queueLimit: settings.queueLimit,
    });
  }

  /**
   * Puts the control plane on the data port. The result answers what is for the data plane, on paths that are shared with
   * Azure's kind of endpoints.
   */
  register(
    app: FastifyInstance,
    observer: RequestObserver,
    { sagemaker, directory }: ControlPlane,
  ): SagemakerRuntime | null {
    if (sagemaker === null) return null;
    const { settings, logger } = this.#options;
    const shared = { access: this.#access(), clock: systemClock, wallTime: Date.now, logger };
    registerSagemakerControl(app, { ...shared, ...controlOf(sagemaker) });
    return new SagemakerRuntime({
      ...shared,
      directory: sagemaker.directory,
      isOthers: (name) => directory.find(name) !== undefined,
      observer,
      maxBodyBytes: settings.maxBodyBytes,
    });
  }

  #access(): Access {
    const { request, settings } = this.#options;
    const accessKeyId = request.variables["HOSTLER_AWS_ACCESS_KEY_ID"] ?? "";
    const secretAccessKey = request.variables["HOSTLER_AWS_SECRET_ACCESS_KEY"] ?? "";
    if (accessKeyId !== "" && secretAccessKey !== "")
      return { kind: "key-pair", accessKeyId, secretAccessKey };
    // Whoever may create a model may run code: on other addresses that takes a key pair, whatever else is allowed there.
    const isOpen = isLoopback(settings.host) && settings.apiKeySha256.length === 0;
    return { kind: isOpen ? "local" : "closed" };
  }
}

function controlOf({
  models,
  configs,
  endpoints,
  tags,
}: SagemakerPlane): Pick<SagemakerPlane, "models" | "configs" | "endpoints" | "tags"> {
  return { models, configs, endpoints, tags };
}

/** A host's models are counted by their variant. */
const noMeter: Meter = {
  batchEnded: () => undefined,
  loadEnded: () => undefined,
  evicted: () => undefined,
};
