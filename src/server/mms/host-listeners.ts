import { rm } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import { ServingError } from "../../contracts/serving-error.ts";
import type { CorsSettings } from "../../contracts/settings.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Logger } from "../../core/ports/logger.ts";
import { isSameAddress, type ListenAddress } from "../../repositories/mms/listen-address.ts";
import type { CrossOrigin, TlsFiles } from "../../repositories/mms/settings.ts";
import { requireKeys } from "../authentication.ts";
import { createApp, listen, type TlsIdentity } from "../http-app.ts";
import { closeApp } from "../stopping.ts";
import { tlsIdentityOf } from "./tls-identity.ts";

/** What a listener answers. */
interface HostApis {
  readonly inference: boolean;
  readonly management: boolean;
  /** Metrics; the management API has them, too. */
  readonly metrics: boolean;
}

export interface HostListener {
  readonly apis: HostApis;
  /** Everybody may ask anything: there are no keys, and no other origins. */
  readonly isOpen: boolean;
}

export interface HostListenersRequest {
  readonly inference: ListenAddress;
  /** The same as {@link inference}: one listener for both. */
  readonly management: ListenAddress;
  /** The same as one of the others: there; null: with the management API only. */
  readonly metrics: ListenAddress | null;
  readonly tls: TlsFiles | null;
  readonly crossOrigin: CrossOrigin | null;
  readonly apiKeySha256: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Puts the routes on a listener. */
  readonly attach: (app: FastifyInstance, listener: HostListener) => void;
}

export interface HostListeners {
  readonly inferenceUrl: string;
  readonly managementUrl: string;
  /** Null where the metrics have no listener of their own. */
  readonly metricsUrl: string | null;
  stop(): Promise<void>;
}

/** Opens a listener for each address that the APIs have; all or none. */
export async function openHostListeners(request: HostListenersRequest): Promise<HostListeners> {
  const { inference, management, metrics, tls, logger } = request;
  const addresses = [inference, management, ...(metrics === null ? [] : [metrics])];
  const identity = addresses.some(isSecure) ? await tlsIdentityOf(tls, logger) : null;
  const apps: FastifyInstance[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(apps.map(closeApp));
  };
  const open = async (address: ListenAddress): Promise<string> => {
    const isAt = (api: ListenAddress): boolean => api === address || isSameAddress(api, address);
    const apis = {
      inference: isAt(inference),
      management: isAt(management),
      metrics: metrics !== null && isAt(metrics),
    };
    const app = await appFor(isSecure(address) ? identity : null, apis, request);
    apps.push(app);
    return await listenAt(app, address);
  };
  try {
    const inferenceUrl = await open(inference);
    const isOne = isSameAddress(inference, management);
    const managementUrl = isOne ? inferenceUrl : await open(management);
    if (metrics === null) return { inferenceUrl, managementUrl, metricsUrl: null, stop };
    const isShared = isSameAddress(metrics, inference) || isSameAddress(metrics, management);
    return { inferenceUrl, managementUrl, metricsUrl: isShared ? null : await open(metrics), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function appFor(
  identity: TlsIdentity | null,
  apis: HostApis,
  { crossOrigin, apiKeySha256, clock, attach }: HostListenersRequest,
): Promise<FastifyInstance> {
  const app = createApp("", identity);
  // Before the keys: a browser asks without one whether it may send it.
  if (crossOrigin !== null) {
    const { allowOrigins } = await import("../cross-origin.ts");
    await allowOrigins(app, corsOf(crossOrigin), { isOptionsAnswered: true });
  }
  requireKeys(app, apiKeySha256, clock);
  attach(app, { apis, isOpen: crossOrigin === null && apiKeySha256.length === 0 });
  return app;
}

function isSecure(address: ListenAddress): boolean {
  return address.kind === "tcp" && address.isSecure;
}

async function listenAt(app: FastifyInstance, address: ListenAddress): Promise<string> {
  if (address.kind === "tcp") {
    const url = await listen(app, address);
    return address.isSecure ? url.replace(/^http:/, "https:") : url;
  }
  // What a server that was killed has left there.
  await rm(address.path, { force: true });
  try {
    await app.listen({ path: address.path, backlog: 4096 });
  } catch (error) {
    const { message } = ServingError.from(error);
    const details = { where: address.path };
    throw new ServingError("PORT_UNAVAILABLE", `${address.path} cannot be listened on: ${message}`, details);
  }
  return `unix:${address.path}`;
}

/** A day, as browsers cache at most. */
const maxAgeS = 86_400;

function corsOf({ origin, methods, headers }: CrossOrigin): CorsSettings {
  return {
    allowOrigins: origin.split(",").map((one) => one.trim()),
    allowOriginRegex: null,
    allowCredentials: false,
    allowMethods: methods.length === 0 ? ["GET", "POST", "PUT", "DELETE", "OPTIONS"] : methods,
    allowHeaders: headers,
    exposeHeaders: [],
    maxAgeS,
  };
}
