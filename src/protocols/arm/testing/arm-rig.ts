import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fastify, type FastifyInstance } from "fastify";
import { FakeControlPlane } from "../../../core/testing/fake-control-plane.ts";
import { RecordingLogger } from "../../../core/testing/recorders.ts";
import { registerArm } from "../index.ts";

export const workspacePath =
  "/subscriptions/sub/resourceGroups/group/providers/Microsoft.MachineLearningServices/workspaces/ws";
export const storagePath = "/hostlerlocal.blob.core.windows.net/azureml-blobstore";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly json: unknown;
}

export interface Call {
  readonly method?: "GET" | "HEAD" | "PUT" | "POST" | "PATCH" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | object;
  /** Where the call comes from. */
  readonly peer?: string;
}

/** The façade in front of a control plane in memory, and a folder for uploads. */
export class ArmRig {
  readonly plane: FakeControlPlane = new FakeControlPlane();
  readonly logger: RecordingLogger = new RecordingLogger();
  readonly folder: string;
  readonly #adminKeySha256: string | null;
  readonly #app: FastifyInstance;

  private constructor(folder: string, adminKeySha256: string | null) {
    this.#adminKeySha256 = adminKeySha256;
    this.folder = folder;
    this.#app = fastify();
    this.#app.removeAllContentTypeParsers();
    this.#app.addContentTypeParser("*", (_request, _payload, done) => {
      done(null);
    });
    const { endpoints, deployments, keys, assets } = this.plane;
    registerArm(this.#app, {
      endpoints,
      deployments,
      keys,
      assets,
      logger: this.logger,
      adminKeySha256,
      blobFolder: join(folder, "uploads"),
    });
  }

  static async open(adminKeySha256: string | null = null): Promise<ArmRig> {
    return new ArmRig(await mkdtemp(join(tmpdir(), "hostler-arm-")), adminKeySha256);
  }

  /** The same folder with another process, as it were. */
  async restarted(): Promise<ArmRig> {
    await this.#app.close();
    return new ArmRig(this.folder, this.#adminKeySha256);
  }

  async close(): Promise<void> {
    await this.#app.close();
    await rm(this.folder, { recursive: true });
  }

  /** A path that begins with no slash is one of the workspace. */
  async call(
    path: string,
    { method = "GET", headers = {}, body, peer = "127.0.0.1" }: Call = {},
  ): Promise<Answer> {
    const isFile = typeof body === "string" || Buffer.isBuffer(body);
    const payload = body === undefined ? {} : { payload: isFile ? body : JSON.stringify(body) };
    const reply = await this.#app.inject({
      method,
      remoteAddress: peer,
      url: path.startsWith("/") ? path : `${workspacePath}/${path}`,
      headers: {
        host: "localhost:8802",
        authorization: "Bearer any",
        "content-type": "application/json",
        ...headers,
      },
      ...payload,
    });
    const isJson = String(reply.headers["content-type"]).startsWith("application/json");
    return {
      status: reply.statusCode,
      headers: reply.headers,
      text: reply.body,
      json: isJson ? reply.json<unknown>() : null,
    };
  }

  /** Puts a file where a client would. */
  async upload(key: string, content: string): Promise<void> {
    const answer = await this.call(`${storagePath}/${key}`, {
      method: "PUT",
      headers: { "x-ms-blob-type": "BlockBlob", "content-type": "application/octet-stream" },
      body: content,
    });
    if (answer.status !== 201) throw new Error(`The upload was answered with ${String(answer.status)}.`);
  }
}

/** The path of a link in a header; empty where it leads elsewhere. */
export function pathOf(link: unknown): string {
  const { origin, pathname, search } = new URL(String(link));
  return origin === "http://localhost:8802" ? pathname + search : "";
}
