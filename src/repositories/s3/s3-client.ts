import { createHash, createHmac } from "node:crypto";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { request } from "undici";
import { ServingError } from "../../contracts/serving-error.ts";
import { credentialScope, encode, signatureAlgorithm, signatureOf } from "../../core/signing/signature-v4.ts";
import { keysOf } from "./list-xml.ts";
import type { S3Settings } from "./s3-settings.ts";

/** An object's address. */
export interface S3Address {
  readonly bucket: string;
  readonly key: string;
}

/** What changes when the object does. */
interface S3Object {
  readonly etag: string;
  readonly bytes: number;
}

type Method = "GET" | "HEAD" | "PUT";

interface S3Request {
  readonly method: Method;
  readonly bucket: string;
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly contentType?: string;
}

type S3Reply = Awaited<ReturnType<typeof request>>;

const connectTimeoutMs = 10_000;

/** Reads and writes objects of S3, or of whatever speaks its protocol. */
export class S3Client {
  readonly #settings: S3Settings;

  constructor(settings: S3Settings) {
    this.#settings = settings;
  }

  /** Null for what is not there. */
  async head({ bucket, key }: S3Address): Promise<S3Object | null> {
    const reply = await this.#send({ method: "HEAD", bucket, key });
    await reply.body.dump();
    if (reply.statusCode === 404) return null;
    await this.#check(reply, { bucket, key });
    const { etag, "content-length": length } = reply.headers;
    return { etag: String(etag ?? ""), bytes: Number(length ?? 0) };
  }

  /** Writes an object to a file. */
  async download(address: S3Address, file: string): Promise<void> {
    const reply = await this.#send({ method: "GET", ...address });
    await this.#check(reply, address);
    await pipeline(reply.body, createWriteStream(file, { mode: 0o600 }));
  }

  /** Rejects with ASSET_NOT_FOUND. */
  async read(address: S3Address): Promise<Uint8Array> {
    const reply = await this.#send({ method: "GET", ...address });
    await this.#check(reply, address);
    return new Uint8Array(await reply.body.arrayBuffer());
  }

  async write(address: S3Address, body: Uint8Array, contentType: string | null): Promise<void> {
    const type = contentType === null ? {} : { contentType };
    const reply = await this.#send({ method: "PUT", ...address, body, ...type });
    await this.#check(reply, address);
    await reply.body.dump();
  }

  /** The keys that begin like this. */
  async list({ bucket, key: prefix }: S3Address): Promise<readonly string[]> {
    const keys: string[] = [];
    let token: string | null = null;
    do {
      const more: Readonly<Record<string, string>> = token === null ? {} : { "continuation-token": token };
      const query = { "list-type": "2", prefix, ...more };
      const reply = await this.#send({ method: "GET", bucket, key: "", query });
      await this.#check(reply, { bucket, key: prefix });
      const page = keysOf(await reply.body.text());
      keys.push(...page.keys);
      token = page.nextToken;
    } while (token !== null);
    return keys;
  }

  async #send(order: S3Request): Promise<S3Reply> {
    const { endpoint } = this.#settings;
    const { method, bucket, key, query = {}, body } = order;
    const path = ["", bucket, ...key.split("/")].map(encode).join("/");
    const text = Object.entries(query)
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join("&");
    const url = `${endpoint.replace(/\/+$/, "")}${path}${text === "" ? "" : `?${text}`}`;
    const headers = this.#headers(order, { path, query: text, host: new URL(url).host });
    try {
      const options = { method, headers, headersTimeout: connectTimeoutMs * 6 } as const;
      // A bundle has only the default of a CommonJS module that is imported this way.
      const { default: undici } = await import("undici");
      return await undici.request(url, body === undefined ? options : { ...options, body });
    } catch (error) {
      throw new ServingError(
        "UNREACHABLE",
        `S3 at ${endpoint} does not answer: ${ServingError.from(error).message}`,
        { hint: "AWS_ENDPOINT_URL_S3 names another one." },
        { cause: error },
      );
    }
  }

  /** Signed where there are credentials; public objects can be read without. */
  #headers(
    { method, body, contentType }: S3Request,
    { path, query, host }: { readonly path: string; readonly query: string; readonly host: string },
  ): Record<string, string> {
    const { credentials, region } = this.#settings;
    const type: Record<string, string> = contentType === undefined ? {} : { "content-type": contentType };
    if (credentials === null) return type;
    const timestamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
    const payloadHash = sha256(body ?? "");
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const signed: Readonly<Record<string, string>> = {
      host,
      "x-amz-content-sha256": payloadHash,
      "x-amz-date": timestamp,
      ...(sessionToken === null ? {} : { "x-amz-security-token": sessionToken }),
    };
    const signedHeaders = Object.keys(signed).sort();
    const header = (name: string): string | undefined => signed[name];
    const scope = { timestamp, region, service: "s3" };
    const bytes = signatureOf(
      { method, path, query, header, signedHeaders, payloadHash, ...scope },
      secretAccessKey,
      hashing,
    );
    const signature = Buffer.from(bytes).toString("hex");
    const authorization =
      `${signatureAlgorithm} Credential=${accessKeyId}/${credentialScope(scope)}, ` +
      `SignedHeaders=${signedHeaders.join(";")}, Signature=${signature}`;
    // The host is the connection's to say.
    const sent = Object.fromEntries(Object.entries(signed).filter(([name]) => name !== "host"));
    return { ...sent, ...type, authorization };
  }

  async #check(reply: S3Reply, { bucket, key }: S3Address): Promise<void> {
    if (reply.statusCode < 300) return;
    const text = reply.statusCode === 404 ? "" : (await reply.body.text().catch(() => "")).slice(0, 2_000);
    await reply.body.dump().catch(() => undefined);
    const where = `s3://${bucket}/${key}`;
    if (reply.statusCode === 404)
      throw new ServingError("ASSET_NOT_FOUND", `There is no object ${where}.`, { where });
    const reason = /<Message>([^<]*)</.exec(text)?.[1] ?? `status ${String(reply.statusCode)}`;
    throw new ServingError("UNREACHABLE", `S3 refused ${where}: ${reason}.`, {
      where,
      hint: "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY say who asks, AWS_ENDPOINT_URL_S3 whom.",
    });
  }
}

const hashing = {
  sha256: (text: string): string => sha256(text),
  hmac: (key: Uint8Array | string, text: string): Uint8Array =>
    createHmac("sha256", key).update(text).digest(),
};

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
