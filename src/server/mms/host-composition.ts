import type { FastifyInstance } from "fastify";
import { registerModel } from "../../core/hosting/registration.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import { registerMms } from "../../protocols/mms/index.ts";
import { type ContainerMode, registerSagemakerContainer } from "../../protocols/sagemaker/index.ts";
import type { ServerLogger } from "../../telemetry/logger.ts";
import { keyCheck } from "../authentication.ts";
import { within } from "../stopping.ts";
import { systemClock } from "../system-clock.ts";
import { answerUnknownRoutes } from "../unknown-routes.ts";
import { type HostListener, type HostListeners, openHostListeners } from "./host-listeners.ts";
import type { HostPlan } from "./host-plan.ts";
import type { StartupReport } from "./host-request.ts";
import { type HostRooms, wireHost } from "./host-rooms.ts";
import { loadStartupModels } from "./startup-models.ts";

/** What the only model of a container is called, where no path names it. */
const onlyModelName = "model";
const bytesPerMegabyte = 1024 * 1024;
/** What the processes get to end in, when their calls have ended. */
const endingMs = 5_000;

/** A model host with its protocols, and the order in which it starts and stops. */
export class HostComposition {
  readonly #plan: HostPlan;
  readonly #logger: ServerLogger;
  readonly #rooms: HostRooms;
  readonly #forced = Promise.withResolvers<undefined>();
  #listeners: HostListeners | null = null;
  #isStopping = false;
  #stopping: Promise<void> | null = null;

  constructor(plan: HostPlan, logger: ServerLogger, version: string) {
    this.#plan = plan;
    this.#logger = logger;
    this.#rooms = wireHost(plan, logger, version);
  }

  /** Begins to start the process that handlers are forked from: it takes longest, so it comes first. */
  warm(): void {
    const { runtime, registrar } = this.#rooms;
    const { interpreter, hiddenVariables } = registrar.defaults;
    runtime.warmHandlers(interpreter, hiddenVariables).catch((error: unknown) => {
      // One that is stopped while it starts is no fault of Python's.
      if (this.#isStopping) return;
      const { message, details } = ServingError.from(error);
      this.#logger.error("python cannot be used", { interpreter, reason: message, hint: details.hint });
    });
  }

  async listen(): Promise<HostListeners> {
    const { metrics, mms } = this.#plan;
    const { inference, management, tls, crossOrigin } = mms;
    this.#listeners = await openHostListeners({
      inference,
      management,
      metrics,
      tls,
      crossOrigin,
      apiKeySha256: this.#plan.own.apiKeySha256,
      clock: systemClock,
      logger: this.#logger,
      attach: (app, listener) => {
        this.#attach(app, listener);
      },
    });
    return this.#listeners;
  }

  /** Loads what is to be there from the start. Rejects where the only model of a container cannot be loaded. */
  async load(): Promise<StartupReport> {
    const { onlyModelFolder, mms } = this.#plan;
    const { registrar } = this.#rooms;
    if (onlyModelFolder === null) return await loadStartupModels(registrar, mms, this.#logger);
    const { name } = await registerModel(registrar, {
      url: ".",
      name: onlyModelName,
      synchronous: true,
      loadedAtStartup: true,
    });
    return { loaded: [name], failed: [] };
  }

  /** A second call with `force` cuts the first one short. */
  stop({ force = false }: { readonly force?: boolean } = {}): Promise<void> {
    if (force) this.#forced.resolve(undefined);
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { own } = this.#plan;
    const { registrar, runtime, store, accessLog } = this.#rooms;
    this.#isStopping = true;
    const drained = Promise.race([registrar.host.stop(own.drainTimeoutMs), this.#forced.promise]);
    if ((await within(drained, own.drainTimeoutMs + endingMs)) === "late") {
      this.#logger.warn("calls are still under way and are given up", { after_ms: own.drainTimeoutMs });
    }
    await Promise.all([this.#listeners?.stop(), runtime.stop()]);
    await store.stop();
    accessLog.stop();
    this.#logger.info("stopped");
    this.#logger.stop();
  }

  #attach(app: FastifyInstance, listener: HostListener): void {
    if (this.#plan.profile === "sagemaker") {
      const closeRoutes = answerUnknownRoutes(app);
      this.#attachContainer(app);
      closeRoutes();
      return;
    }
    this.#attachMms(app, listener);
  }

  /** All APIs that share a listener; the management API also has the metrics, which MMS has nowhere. */
  #attachMms(app: FastifyInstance, listener: HostListener): void {
    const { mms } = this.#plan;
    const { registrar, observer, metrics } = this.#rooms;
    const context = {
      ...registrar,
      clock: systemClock,
      observer,
      maxRequestBytes: mms.maxRequestBytes,
      maxResponseBytes: mms.maxResponseBytes,
      profile: this.#plan.profile === "torchserve" ? "torchserve" : "mms",
      responseTimeoutUnit: mms.timeoutUnit,
    } as const;
    if (listener.apis.management || listener.apis.metrics) {
      app.get("/metrics", async (_request, reply) => {
        const { contentType, text } = await metrics.exposition();
        return reply.header("content-type", contentType).send(text);
      });
    }
    registerMms(app, context, listener);
  }

  #attachContainer(app: FastifyInstance): void {
    const { mms, own } = this.#plan;
    const { registrar, observer } = this.#rooms;
    registerSagemakerContainer(app, {
      host: registrar.host,
      clock: systemClock,
      observer,
      maxBodyBytes: mms.maxRequestBytes,
      maxResponseBytes: mms.maxResponseBytes,
      mode: this.#mode(),
      isStopping: () => this.#isStopping,
      admits: keyCheck(own.apiKeySha256),
      executionParameters: {
        MaxConcurrentTransforms: mms.workersPerModel,
        BatchStrategy: "MULTI_RECORD",
        MaxPayloadInMB: Math.max(1, Math.floor(mms.maxRequestBytes / bytesPerMegabyte)),
      },
    });
  }

  #mode(): ContainerMode {
    if (this.#plan.onlyModelFolder !== null) return { kind: "single", model: onlyModelName };
    const { archives, defaults } = this.#rooms.registrar;
    return { kind: "multi", archives, defaults };
  }
}
