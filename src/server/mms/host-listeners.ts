import { rm } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import { ServingError } from "../../contracts/serving-error.ts";
import type { CorsSettings } from "../../contracts/settings.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { isSameAddress, type ListenAddress } from "../../repositories/mms/listen-address.ts";
import type { CrossOrigin, TlsFiles } from "../../repositories/mms/settings.ts";
import { requireKeys } from "../authentication.ts";
import { createApp, listen } from "../http-app.ts";
import { closeApp } from "../stopping.ts";
import { tlsIdentityOf } from "./tls-identity.ts";

/** What a listener answers. */
export interface HostApis {
  readonly inference: boolean;
  readonly management: boolean;
}

export interface HostListenersRequest {
  readonly inference: ListenAddress;
  /** The same as {@link inference}: one listener for both. */
  readonly management: ListenAddress;
  readonly tls: TlsFiles | null;
  readonly crossOrigin: CrossOrigin | null;
  readonly apiKeySha256: readonly string[];
  readonly clock: Clock;
  /** Puts the routes on a listener. */
  readonly attach: (app: FastifyInstance, apis: HostApis) => void;
}

export interface HostListeners {
  readonly inferenceUrl: string;
  readonly managementUrl: string;
  stop(): Promise<void>;
}

/** Opens one listener, or two where the APIs have an address each; all or none. */
export async function openHostListeners(request: HostListenersRequest): Promise<HostListeners> {
  const { inference, management } = request;
  const apps: FastifyInstance[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(apps.map(closeApp));
  };
  const open = async (address: ListenAddress, apis: HostApis): Promise<string> => {
    const app = await appFor(address, apis, request);
    apps.push(app);
    return await listenAt(app, address);
  };
  try {
    const isOne = isSameAddress(inference, management);
    const inferenceUrl = await open(inference, { inference: true, management: isOne });
    if (isOne) return { inferenceUrl, managementUrl: inferenceUrl, stop };
    const managementUrl = await open(management, { inference: false, management: true });
    return { inferenceUrl, managementUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function appFor(
  address: ListenAddress,
  apis: HostApis,
  { tls, crossOrigin, apiKeySha256, clock, attach }: HostListenersRequest,
): Promise<FastifyInstance> {
  const isSecure = address.kind === "tcp" && address.isSecure;
  const app = createApp("", isSecure ? await tlsIdentityOf(tls) : null);
  // Before the keys: a browser asks without one whether it may send it.
  if (crossOrigin !== null) {
    const { allowOrigins } = await import("../cross-origin.ts");
    await allowOrigins(app, corsOf(crossOrigin));
  }
  requireKeys(app, apiKeySha256, clock);
  attach(app, apis);
  return app;
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
