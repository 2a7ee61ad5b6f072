import { type IncomingHttpHeaders, request as sendRequest, type RequestListener } from "node:http";
import { deploymentNameSchema, endpointNameSchema } from "../../../contracts/control/names.ts";
import type { Backend } from "../../../core/ports/backend.ts";
import type { InstanceRoutes } from "../../../core/ports/instance-launcher.ts";
import type { RequestRecord } from "../../../core/ports/request-observer.ts";
import { DeploymentPool, type PoolLimits, type PoolMember } from "../../../core/traffic/deployment-pool.ts";
import { LiveEndpointState } from "../../../core/traffic/live-endpoint.ts";
import { HttpBackend } from "../../../runtimes/upstream/http-backend.ts";
import { serveHttp } from "../../../runtimes/upstream/testing/servers.ts";
import { createApp, listen } from "../../../server/http-app.ts";
import { closeApp } from "../../../server/stopping.ts";
import { systemClock } from "../../../server/system-clock.ts";
import { registerGateway } from "../index.ts";

const scoreRoutes: InstanceRoutes = { liveness: "/", readiness: "/", scoring: "/score" };

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A gateway on a port of its own, with the endpoint `wine`, whose key is `key`. */
export class GatewayRig {
  readonly endpoint: LiveEndpointState;
  readonly records: RequestRecord[] = [];
  readonly pools = new Map<string, DeploymentPool>();
  url = "";
  readonly #app = createApp();
  readonly #owned: { stop(): Promise<void> }[] = [];

  constructor({ maxBodyBytes = 100 * 1024 * 1024 } = {}) {
    this.endpoint = new LiveEndpointState({
      name: endpointNameSchema.parse("wine"),
      admits: (token) => token === "key",
    });
    registerGateway(this.#app, {
      directory: { find: (name) => (name === "wine" ? this.endpoint : undefined) },
      clock: systemClock,
      observer: { started: () => undefined, ended: (record) => this.records.push(record) },
      maxBodyBytes,
    });
    this.#app.get("/other", (_request, reply) => reply.send("other"));
  }

  async start(): Promise<this> {
    this.url = await listen(this.#app, { host: "127.0.0.1", port: 0 });
    return this;
  }

  async stop(): Promise<void> {
    await closeApp(this.#app);
    await Promise.all(this.#owned.map((one) => one.stop()));
  }

  /** A deployment that this program answers for; the first one gets all traffic. */
  async deploy(
    name: string,
    listener: RequestListener,
    options: { readonly limits?: Partial<PoolLimits>; readonly routes?: InstanceRoutes } = {},
  ): Promise<PoolMember> {
    const server = await serveHttp(listener);
    const backend = new HttpBackend(server.address);
    this.#owned.push(backend, server);
    return this.deployBackend(name, backend, options);
  }

  deployBackend(
    name: string,
    backend: Backend,
    options: { readonly limits?: Partial<PoolLimits>; readonly routes?: InstanceRoutes } = {},
  ): PoolMember {
    const pool =
      this.pools.get(name) ??
      new DeploymentPool({
        endpoint: this.endpoint.name,
        name: deploymentNameSchema.parse(name),
        clock: systemClock,
      });
    if (this.pools.size === 0) this.endpoint.setTraffic({ [name]: 100 });
    this.pools.set(name, pool);
    pool.configure({
      timeoutMs: 5000,
      maxConcurrentPerInstance: null,
      maxQueueWaitMs: null,
      ...options.limits,
    });
    this.endpoint.setDeployment(pool);
    return pool.add(backend, { parallelCalls: null, routes: options.routes ?? scoreRoutes });
  }

  /** Asks as a client would, with the key unless told otherwise. */
  async ask(path: string, { method = "POST", headers = {}, body }: Question = {}): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const all = { authorization: "Bearer key", ...headers };
    const { hostname, port } = new URL(this.url);
    const request = sendRequest({ hostname, port, path, method, headers: all, agent: false }, (response) => {
      const chunks: string[] = [];
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: chunks.join("") });
      });
    });
    request.on("error", reject);
    request.end(body);
    return promise;
  }
}
