import { createReadStream } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { readBody } from "../../http/body.ts";
import type { Access } from "../access.ts";
import { BlobError, blobNotFound } from "./blob-error.ts";
import { type BlobProperties, BlobStore, describeFile, filesBelow, type Upload } from "./blob-store.ts";
import { blockIdsOf, listingXml } from "./blob-xml.ts";

/**
 * As much of Azure's blob service as its client library needs to upload files, to find them again and to read them:
 * block blobs, whole or in blocks, with metadata.
 */

export interface BlobRequest {
  readonly method: string;
  readonly container: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly raw: IncomingMessage;
}

export interface BlobReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable | string | null;
}

/** Files that can be read here and were never uploaded. */
export interface ReadOnlyFiles {
  /** Path of a file or folder; null where the key is none of theirs. */
  readonly pathOf: (container: string, key: string) => Promise<string | null>;
}

/** A week: an upload is registered within minutes. */
const keptMs = 7 * 86_400_000;
const largestBlockList = 16 * 1024 * 1024;

export class BlobService {
  readonly #store: BlobStore;
  readonly #files: ReadOnlyFiles;
  readonly #access: Access;
  #swept: Promise<void> | null = null;

  constructor(folder: string, files: ReadOnlyFiles, access: Access) {
    this.#access = access;
    this.#store = new BlobStore(folder);
    this.#files = files;
  }

  /** @throws BlobError */
  async answer(request: BlobRequest): Promise<BlobReply> {
    if (!this.#access.mayUseBlobs(request.raw, request.query.get("sig"))) {
      throw new BlobError(403, "AuthenticationFailed", "The shared access signature is missing or wrong.");
    }
    return request.key === "" ? this.#container(request) : this.#blob(request);
  }

  async #container({ method, container, query }: BlobRequest): Promise<BlobReply> {
    if (method === "GET" && query.get("comp") === "list") return this.#list(container, query);
    // Containers come with their first blob.
    if (method === "PUT") return { status: 201, headers: {}, body: null };
    if (method === "GET" || method === "HEAD") return { status: 200, headers: {}, body: null };
    throw notSupported(method, "a container");
  }

  async #list(container: string, query: URLSearchParams): Promise<BlobReply> {
    const prefix = query.get("prefix") ?? "";
    const keys =
      (await this.#registeredKeys(container, prefix)) ?? (await this.#store.list(container, prefix));
    const blobs = await Promise.all(
      keys.map(async (key) => {
        const properties = await this.#properties(container, key);
        return properties === null ? [] : [{ key, properties }];
      }),
    );
    const delimiter = query.get("delimiter") ?? "";
    const body = listingXml({ container, prefix, delimiter, blobs: blobs.flat() });
    return { status: 200, headers: { "content-type": "application/xml" }, body };
  }

  async #registeredKeys(container: string, prefix: string): Promise<readonly string[] | null> {
    const start = prefix.replace(/\/+$/, "");
    const path = await this.#files.pathOf(container, start);
    if (path === null) return null;
    if ((await describeFile(path)) !== null) return [start];
    return (await filesBelow(path)).map((name) => `${start}/${name}`);
  }

  async #blob(request: BlobRequest): Promise<BlobReply> {
    const { method, query } = request;
    switch (method) {
      case "GET":
      case "HEAD":
        return this.#read(request);
      case "PUT":
        return this.#write(request, query.get("comp") ?? "");
      case "DELETE":
        return this.#remove(request);
      default:
        throw notSupported(method, "a blob");
    }
  }

  async #read({ method, container, key, raw }: BlobRequest): Promise<BlobReply> {
    // Clients ask for a name with a slash after it to learn whether it is a folder; folders are no blobs.
    const properties = key.endsWith("/") ? null : await this.#properties(container, key);
    if (properties === null) throw blobNotFound();
    const path = (await this.#files.pathOf(container, key)) ?? this.#store.path(container, key);
    const range = rangeOf(raw, properties.size);
    const headers = { ...describe(properties), ...range.headers };
    if (method === "HEAD" || range.length === 0) return { status: range.status, headers, body: null };
    const body = createReadStream(path, { start: range.start, end: range.start + range.length - 1 });
    return { status: range.status, headers, body };
  }

  async #write(request: BlobRequest, operation: string): Promise<BlobReply> {
    const { container, key, raw, query } = request;
    if ((await this.#files.pathOf(container, key)) !== null) {
      throw new BlobError(403, "AuthorizationFailure", "What is registered cannot be changed.");
    }
    // Before the first upload of a run: nothing else makes the folder grow.
    this.#swept ??= this.#store.sweep(new Date(Date.now() - keptMs)).catch(() => {
      // What cannot be taken away keeps nobody from adding.
    });
    await this.#swept;
    const upload: Upload = { container, key, metadata: metadataOf(raw) };
    const md5 = headerOf(raw, "content-md5");
    switch (operation) {
      case "":
        await this.#checkConditions(request);
        return this.#written(upload, await this.#store.put(upload, contentOf(raw), md5));
      case "block": {
        const sum = await this.#store.putBlock(upload, query.get("blockid") ?? "", contentOf(raw), md5);
        return { status: 201, headers: { "content-md5": sum }, body: null };
      }
      case "blocklist":
        await this.#checkConditions(request);
        await this.#store.commit(upload, blockIdsOf(String(await readBody(raw, largestBlockList))));
        return this.#written(upload, null);
      case "metadata":
        if ((await this.#store.properties(container, key)) === null) throw blobNotFound();
        await this.#store.setMetadata(upload);
        return { ...(await this.#written(upload, null)), status: 200 };
      default:
        throw notSupported(`PUT with comp=${operation}`, "a blob");
    }
  }

  async #written({ container, key }: Upload, md5: string | null): Promise<BlobReply> {
    const properties = await this.#store.properties(container, key);
    const headers = {
      ...(properties === null
        ? {}
        : { etag: properties.etag, "last-modified": properties.modifiedAt.toUTCString() }),
      ...(md5 === null ? {} : { "content-md5": md5 }),
      "x-ms-request-server-encrypted": "false",
    };
    return { status: 201, headers, body: null };
  }

  async #remove({ container, key }: BlobRequest): Promise<BlobReply> {
    if ((await this.#store.properties(container, key)) === null) throw blobNotFound();
    await this.#store.remove(container, key);
    return { status: 202, headers: {}, body: null };
  }

  /** `If-None-Match: *` does not replace, `If-Match` replaces only what the client has seen. */
  async #checkConditions({ container, key, raw }: BlobRequest): Promise<void> {
    const ifMatch = headerOf(raw, "if-match");
    const ifNoneMatch = headerOf(raw, "if-none-match");
    if (ifMatch === null && ifNoneMatch === null) return;
    const existing = await this.#store.properties(container, key);
    if (ifNoneMatch === "*" && existing !== null) {
      throw new BlobError(409, "BlobAlreadyExists", "The specified blob already exists.");
    }
    const isOther = ifMatch !== null && ifMatch !== "*" && ifMatch !== existing?.etag;
    if (isOther || (ifMatch === "*" && existing === null)) {
      throw new BlobError(412, "ConditionNotMet", "The condition specified using HTTP headers is not met.");
    }
  }

  async #properties(container: string, key: string): Promise<BlobProperties | null> {
    const path = await this.#files.pathOf(container, key);
    if (path === null) return this.#store.properties(container, key);
    const found = await describeFile(path);
    return found === null ? null : { ...found, metadata: {} };
  }
}

function describe({ size, modifiedAt, etag, metadata }: BlobProperties): Readonly<Record<string, string>> {
  return {
    "content-length": String(size),
    "content-type": "application/octet-stream",
    "accept-ranges": "bytes",
    etag,
    "last-modified": modifiedAt.toUTCString(),
    "x-ms-creation-time": modifiedAt.toUTCString(),
    "x-ms-blob-type": "BlockBlob",
    "x-ms-lease-status": "unlocked",
    "x-ms-lease-state": "available",
    "x-ms-server-encrypted": "false",
    ...Object.fromEntries(Object.entries(metadata).map(([name, text]) => [`x-ms-meta-${name}`, text])),
  };
}

interface Range {
  readonly status: 200 | 206;
  readonly start: number;
  readonly length: number;
  readonly headers: Readonly<Record<string, string>>;
}

function rangeOf(raw: IncomingMessage, size: number): Range {
  const asked = /^bytes=(\d+)-(\d*)$/.exec(headerOf(raw, "x-ms-range") ?? headerOf(raw, "range") ?? "");
  if (asked === null) return { status: 200, start: 0, length: size, headers: {} };
  const start = Number(asked[1]);
  const end = Math.min(asked[2] === "" ? Infinity : Number(asked[2]), size - 1);
  if (start > end) throw new BlobError(416, "InvalidRange", "The range specified is invalid for the blob.");
  const length = end - start + 1;
  const headers = {
    "content-length": String(length),
    "content-range": `bytes ${String(start)}-${String(end)}/${String(size)}`,
  };
  return { status: 206, start, length, headers };
}

/** Names as they were spelled: Node.js puts them into lower case elsewhere. */
function metadataOf(raw: IncomingMessage): Readonly<Record<string, string>> {
  const prefix = "x-ms-meta-";
  const metadata: Record<string, string> = {};
  for (let index = 0; index < raw.rawHeaders.length; index += 2) {
    const [name = "", value = ""] = raw.rawHeaders.slice(index, index + 2);
    if (name.toLowerCase().startsWith(prefix)) metadata[name.slice(prefix.length)] = value;
  }
  return metadata;
}

function headerOf(raw: IncomingMessage, name: string): string | null {
  const value = raw.headers[name];
  return typeof value === "string" ? value : null;
}

/** As a stream of its own, so that what goes wrong with it leaves the connection for the answer. */
function contentOf(raw: IncomingMessage): Readable {
  return Readable.from(raw);
}

function notSupported(what: string, of: string): BlobError {
  return new BlobError(501, "NotImplemented", `${what} of ${of} is not supported here.`);
}
