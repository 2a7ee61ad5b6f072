import type { FastifyInstance } from "fastify";
import { modelToWire, type ModelSnapshot, type Overview } from "../contracts/snapshot.ts";
import type { ServerSettings } from "../contracts/settings.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { RequestObserver } from "../core/ports/request-observer.ts";
import type { InferenceEngine } from "../core/serving/inference-engine.ts";
import { registerPages } from "../protocols/http/pages.ts";
import { createPayloadCodec } from "../protocols/http/payloads/codec.ts";
import { registerServedModels } from "../protocols/sagemaker/served.ts";
import { registerV2Docs } from "../protocols/v2/docs.ts";
import { registerV2 } from "../protocols/v2/index.ts";
import { requireKeys } from "./authentication.ts";
import { createApp, listen } from "./http-app.ts";
import { closeApp } from "./stopping.ts";
import { answerUnknownRoutes } from "./unknown-routes.ts";

export interface ListenersRequest {
  readonly settings: ServerSettings;
  readonly version: string;
  readonly engine: InferenceEngine;
  readonly clock: Clock;
  readonly observer: RequestObserver;
  readonly exposition: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly models: () => readonly ModelSnapshot[];
  /** Puts more routes on the data port. */
  readonly attach?: (app: FastifyInstance, observer: RequestObserver) => void;
}

export interface Listeners {
  readonly url: string;
  readonly metricsUrl: string | null;
  stop(): Promise<void>;
}

/** Opens the data port and, if there is to be one, the metrics port; both or none. */
export async function openListeners(request: ListenersRequest): Promise<Listeners> {
  const { settings } = request;
  const addresses: { url: string; metricsUrl: string | null } = { url: "", metricsUrl: null };
  const data = await dataApp(request, addresses);
  const apps: FastifyInstance[] = [data];
  const stop = async (): Promise<void> => {
    await Promise.all(apps.map(closeApp));
  };
  try {
    addresses.url = await listen(data, { host: settings.host, port: settings.httpPort });
    const { metricsEndpoint } = settings;
    if (metricsEndpoint !== null) {
      const metrics = metricsApp(request, metricsEndpoint);
      apps.push(metrics);
      const url = await listen(metrics, { host: settings.host, port: settings.metricsPort });
      addresses.metricsUrl = url + metricsEndpoint;
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...addresses, stop };
}

async function dataApp(
  request: ListenersRequest,
  addresses: { readonly url: string; readonly metricsUrl: string | null },
): Promise<FastifyInstance> {
  const { settings, version, engine, clock, observer, models, attach } = request;
  const { serverName, serverVersion, extensions, maxBodyBytes, requestTimeoutMs, gzipEnabled, cors } =
    settings;
  const app = createApp(settings.rootPath);
  const closeRoutes = answerUnknownRoutes(app);
  // Before the keys: a browser asks without one whether it may send it.
  if (cors !== null) {
    const { allowOrigins } = await import("./cross-origin.ts");
    await allowOrigins(app, cors);
  }
  requireKeys(app, settings.apiKeySha256, clock);
  registerV2(app, {
    engine,
    clock,
    observer,
    serverName,
    serverVersion,
    extensions,
    maxBodyBytes,
    requestTimeoutMs,
    isGzipEnabled: gzipEnabled,
  });
  registerServedModels(app, {
    engine,
    codec: createPayloadCodec({ defaultAccept: null }),
    clock,
    observer,
    maxBodyBytes,
    requestTimeoutMs,
  });
  registerV2Docs(app, { engine, serverVersion: version });
  registerPages(app, {
    overview: (): Overview => ({
      server: { name: "hostler", version, url: addresses.url, metrics_url: addresses.metricsUrl },
      models: models().map(modelToWire),
      problems: engine.problems.map(({ name, where, reason, hint }) => ({
        name,
        where,
        reason,
        hint: hint ?? null,
      })),
    }),
  });
  attach?.(app, observer);
  closeRoutes();
  return app;
}

function metricsApp({ settings, clock, exposition }: ListenersRequest, path: string): FastifyInstance {
  const app = createApp();
  const closeRoutes = answerUnknownRoutes(app);
  requireKeys(app, settings.apiKeySha256, clock);
  app.get(path, async (_request, reply) => {
    const { contentType, text } = await exposition();
    return reply.header("content-type", contentType).send(text);
  });
  closeRoutes();
  return app;
}
