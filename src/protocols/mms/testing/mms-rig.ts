import { request as send } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import type { FastifyInstance } from "fastify";
import { ServingError } from "../../../contracts/serving-error.ts";
import { ModelHost } from "../../../core/hosting/model-host.ts";
import type { ArchivedModel, ModelArchives } from "../../../core/ports/model-archives.ts";
import { RecordingLogger } from "../../../core/testing/recorders.ts";
import { createApp, listen } from "../../../server/http-app.ts";
import { systemClock } from "../../../server/system-clock.ts";
import type { MmsProfile } from "../context.ts";
import { registerMms } from "../index.ts";
import type { MmsApis } from "../routes.ts";
import { scriptedHandlers } from "./scripted-handlers.ts";

/** Models of every name below `/models` but one; versions and names as a manifest would have them, after a colon. */
const archives: ModelArchives = {
  resolve(url): Promise<ArchivedModel> {
    if (!url.startsWith("/models/")) {
      return Promise.reject(new ServingError("MODEL_NOT_FOUND", `Model not found in model store: ${url}`));
    }
    const [folder = "", modelVersion = null] = url.split(":");
    return Promise.resolve({
      ...{ folder, modelVersion, manifest: null, modelName: null, handler: "service:handle" },
      ...{ runtime: null, engine: null, bytes: 1, builtIn: null, settings: {} },
      release: () => Promise.resolve(),
    });
  },
};

export interface RigOptions {
  readonly profile?: MmsProfile;
  readonly apis?: MmsApis;
}

export interface Received {
  readonly status: number;
  readonly phrase: string;
  /** Name and value in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

export interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Multi Model Server's APIs on a real port, with handlers that are none. */
export class MmsRig {
  readonly host: ModelHost;
  /** Told of every request that ended: its route and status. */
  readonly observed: string[] = [];
  readonly #app: FastifyInstance;
  readonly #options: RigOptions;
  #url = "";

  constructor(options: RigOptions = {}) {
    this.#options = options;
    this.#app = createApp();
    this.host = new ModelHost({
      ...{ clock: systemClock, logger: new RecordingLogger(), launcher: scriptedHandlers, memory: null },
      ...{ memoryBudgetBytes: null, jobQueueSize: 100, loadTimeoutMs: 10_000, unregisterTimeoutMs: 10_000 },
      ...{ gpus: 0, hasVersions: options.profile === "torchserve" },
    });
  }

  async start(): Promise<this> {
    const { profile = "mms", apis = { inference: true, management: true, metrics: false } } = this.#options;
    const context = {
      ...{ host: this.host, archives, clock: systemClock, profile, responseTimeoutUnit: "seconds" as const },
      ...{ maxRequestBytes: 2000, maxResponseBytes: 1000 },
      observer: {
        started: () => undefined,
        ended: ({ route, status }: { readonly route: string; readonly status: number }) => {
          this.observed.push(`${route} ${String(status)}`);
        },
      },
      defaults: {
        ...{ handler: null, workers: 1, batchSize: 1, maxBatchDelayMs: 100, responseTimeoutMs: 5000 },
        ...{ interpreter: "python3", decodesInput: true, variables: {}, hiddenVariables: [] },
      },
    };
    registerMms(this.#app, context, { apis, isOpen: true });
    this.#url = await listen(this.#app, { host: "127.0.0.1", port: 0 });
    return this;
  }

  ask(method: string, path: string, { headers = {}, body = "" }: Sent = {}): Promise<Received> {
    return new Promise((resolve, reject) => {
      const all = { connection: "keep-alive", ...headers };
      const request = send(this.#url + path, { method, headers: all, agent: false });
      request.on("error", reject);
      request.on("response", (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("end", () => {
          const { statusCode: status = 0, statusMessage: phrase = "", rawHeaders, headers: got } = response;
          resolve({ status, phrase, rawHeaders, headers: got, body: Buffer.concat(pieces).toString() });
          request.destroy();
        });
      });
      request.end(body);
    });
  }

  /** Sends a body piece by piece, and reads the answer only then: all of it, or why there is none. */
  async sendThenRead(path: string, body: Buffer): Promise<string> {
    const { port } = new URL(this.#url);
    const socket = connect({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true });
    socket.pause();
    const failed = new Promise<string>((resolve) => {
      socket.once("error", ({ message }) => {
        resolve(message);
      });
    });
    const send = promisify((bytes: Buffer | string, done: (error?: Error | null) => void) => {
      socket.write(bytes, done);
    });
    const all = async (): Promise<string> => {
      await send(`POST ${path} HTTP/1.1\r\nhost: h\r\ncontent-length: ${String(body.length)}\r\n\r\n`);
      for (let at = 0; at < body.length; at += 64 * 1024) await send(body.subarray(at, at + 64 * 1024));
      return await text(socket);
    };
    const told = await Promise.race([all().catch(() => failed), failed]);
    socket.destroy();
    return told;
  }

  async stop(): Promise<void> {
    await this.host.stop();
    this.#app.server.closeAllConnections();
    await this.#app.close();
  }
}
