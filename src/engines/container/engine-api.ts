import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { Pool } from "undici";
import { z } from "zod";
import { ServingError } from "../../contracts/serving-error.ts";
import type { EngineAddress } from "./engine-address.ts";

export interface EngineRequest {
  readonly method: "GET" | "POST" | "DELETE" | "HEAD";
  /** Below the version, as `/containers/json`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is: a tar archive. */
  readonly archive?: Readable;
  /** Asked to learn whether there is somebody: refused where no answer comes in time. */
  readonly isPing?: boolean;
}

export interface EngineReply {
  readonly status: number;
  readonly body: Readable;
}

const errorSchema = z.object({ message: z.string() });

/** The Docker Engine API, which podman speaks too, over a socket. */
export class EngineApi {
  readonly #pool: Pool;
  readonly #version: string;
  readonly #patienceMs: number;

  private constructor(pool: Pool, version: string, patienceMs: number) {
    this.#pool = pool;
    this.#version = version;
    this.#patienceMs = patienceMs;
  }

  /** Rejects when nothing answers there. The version of the API is the engine's own newest. */
  static async connect(address: EngineAddress, patienceMs: number): Promise<EngineApi> {
    // Builds, logs and waiting take as long as they take.
    // A bundle has only the default of a CommonJS module that is imported this way.
    const { Pool } = (await import("undici")).default;
    const limits = { headersTimeout: 0, bodyTimeout: 0, pipelining: 0, connections: null } as const;
    const pool =
      address.kind === "socket"
        ? new Pool("http://engine", { ...limits, connect: { socketPath: address.path } })
        : new Pool(address.url, { ...limits, connect: await tlsOptions(address.certificates) });
    try {
      const { statusCode, headers, body } = await pool.request({
        method: "GET",
        path: "/_ping",
        signal: AbortSignal.timeout(patienceMs),
      });
      await body.dump();
      const version = headers["api-version"];
      if (statusCode !== 200 || typeof version !== "string" || !/^[\d.]+$/.test(version)) {
        throw new Error(`what answers there is no container engine (status ${String(statusCode)})`);
      }
      return new EngineApi(pool, version, patienceMs);
    } catch (error) {
      await pool.destroy();
      throw error;
    }
  }

  /** The reply, whatever its status; the body has to be read or destroyed. */
  async send({
    method,
    path,
    query = {},
    json,
    archive,
    isPing = false,
  }: EngineRequest): Promise<EngineReply> {
    const search = new URLSearchParams(query).toString();
    const type = archive === undefined ? "application/json" : "application/x-tar";
    const content = archive ?? (json === undefined ? null : JSON.stringify(json));
    try {
      const { statusCode, body } = await this.#pool.request({
        method,
        path: `/v${this.#version}${path}${search === "" ? "" : `?${search}`}`,
        headers: content === null ? {} : { "content-type": type },
        body: content,
        ...(isPing ? { signal: AbortSignal.timeout(this.#patienceMs) } : {}),
      });
      return { status: statusCode, body };
    } catch (error) {
      const { message } = ServingError.from(error);
      throw new ServingError(
        "ENGINE_UNAVAILABLE",
        `The container engine does not answer: ${message}`,
        {},
        { cause: error },
      );
    }
  }

  /** The reply's JSON; null for the statuses in `absent`. Rejects with the engine's own words for all others from 400. */
  async json(request: EngineRequest, absent: readonly number[] = []): Promise<unknown> {
    const { status, body } = await this.send(request);
    if (status >= 400) {
      const message = await messageOf(body);
      if (absent.includes(status)) return null;
      throw refusal(request, status, message);
    }
    const text = await textOf(body);
    return text === "" ? null : JSON.parse(text);
  }

  /** The reply's body as it comes. */
  async stream(request: EngineRequest): Promise<Readable> {
    const { status, body } = await this.send(request);
    if (status >= 400) throw refusal(request, status, await messageOf(body));
    return body;
  }

  /** Cuts what is still under way. */
  stop(): Promise<void> {
    return this.#pool.destroy();
  }
}

function refusal({ method, path }: EngineRequest, status: number, message: string): ServingError {
  return new ServingError("DEPLOYMENT_FAILED", `The container engine refused: ${message}`, {
    got: `${String(status)} for ${method} ${path}`,
  });
}

async function messageOf(body: Readable): Promise<string> {
  const text = await textOf(body);
  try {
    return errorSchema.parse(JSON.parse(text)).message;
  } catch {
    return text.trim();
  }
}

async function textOf(body: Readable): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) if (chunk instanceof Uint8Array) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** The files that Docker's own client takes; those that are not there are left out. */
async function tlsOptions(folder: string | null): Promise<Readonly<Record<string, Buffer>>> {
  if (folder === null) return {};
  const files = { ca: "ca.pem", cert: "cert.pem", key: "key.pem" };
  const found = Object.entries(files).map(async ([option, name]) => {
    const content = await readFile(join(folder, name)).catch(() => null);
    return content === null ? [] : [[option, content] as const];
  });
  return Object.fromEntries((await Promise.all(found)).flat());
}
