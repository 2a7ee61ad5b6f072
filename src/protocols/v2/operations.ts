import { ServingError } from "../../contracts/serving-error.ts";
import type { ModelSpec } from "../../core/models/model-spec.ts";
import type { ModelVersion } from "../../core/models/model-version.ts";
import type { V2Context } from "./context.ts";
import { encodeModelMetadata } from "./encode.ts";
import type { V2Operation } from "./routes.ts";

/** Everything of V2 but inference: small questions with small JSON answers. */

interface OperationRequest {
  readonly name: string;
  readonly version: string | null;
  readonly readBody: () => Promise<Buffer>;
}

export interface OperationReply {
  readonly status: number;
  /** Null for an empty body. */
  readonly body: unknown;
}

type Handler = (context: V2Context, request: OperationRequest) => OperationReply | Promise<OperationReply>;

export const operations: Readonly<Record<Exclude<V2Operation, "infer">, Handler>> = {
  // One body for all readers: OIP reads `live`, KServe's client `ready`, MLServer's and Triton's only the status.
  "server-live": ({ engine }) => ({ status: 200, body: { live: true, ready: engine.isReady } }),
  "server-ready": ({ engine }) =>
    engine.isReady
      ? { status: 200, body: { live: true, ready: true } }
      : { status: 503, body: { error: "The server is not ready.", live: true, ready: false } },
  "server-metadata": ({ serverName, serverVersion, extensions }) => ({
    status: 200,
    body: { name: serverName, version: serverVersion, extensions },
  }),
  "model-metadata": ({ engine }, { name, version }) => ({
    status: 200,
    body: encodeModelMetadata(engine.resolve(name, version).spec),
  }),
  "model-ready": modelReady,
  "repository-index": repositoryIndex,
  "repository-load": async ({ engine }, { name }) => {
    await engine.load(name);
    return { status: 200, body: null };
  },
  "repository-unload": async ({ engine }, { name }) => {
    await engine.unload(name);
    return { status: 200, body: null };
  },
};

function modelReady({ engine }: V2Context, { name, version }: OperationRequest): OperationReply {
  const model = engine.resolve(name, version);
  if (engine.isServable(model)) return { status: 200, body: { name, ready: true } };
  const versionText = version === null ? "" : ` with version ${version}`;
  const why = model.failure === null ? "" : ` ${model.failure.message}`;
  const error = `Model ${name}${versionText} is not ready yet.${why}`;
  return { status: 503, body: { error, name, ready: false } };
}

async function repositoryIndex(
  { engine }: V2Context,
  { readBody }: OperationRequest,
): Promise<OperationReply> {
  const onlyReady = wantsReadyOnly(await readBody());
  const { registered, unregistered, problems } = await engine.index();
  const all = [
    ...registered.map((model) => indexEntry(model)),
    // On disk, but unloaded, or not loaded since it was put there.
    ...unregistered.map((spec) => ({ ...identityOf(spec), state: "UNAVAILABLE", reason: "" })),
    ...problems.map(({ name, reason, where }) => ({
      name,
      state: "UNAVAILABLE",
      reason: `${reason} (${where})`,
    })),
  ];
  return { status: 200, body: onlyReady ? all.filter(({ state }) => state === "READY") : all };
}

interface IndexEntry {
  readonly name: string;
  readonly version?: string;
  readonly state: string;
  readonly reason: string;
}

function indexEntry(model: ModelVersion): IndexEntry {
  return { ...identityOf(model.spec), ...indexState(model) };
}

function identityOf({ name, version }: ModelSpec): Pick<IndexEntry, "name" | "version"> {
  return { name, ...(version === null ? {} : { version }) };
}

function indexState(model: ModelVersion): Pick<IndexEntry, "state" | "reason"> {
  switch (model.state) {
    case "ready":
      return { state: "READY", reason: "" };
    case "loading":
      return { state: "LOADING", reason: "" };
    case "draining":
    case "unloading":
      return { state: "UNLOADING", reason: "" };
    case "registered":
      return { state: "UNAVAILABLE", reason: "not in memory; it loads when it is called" };
    case "failed":
      return { state: "UNAVAILABLE", reason: model.failure?.message ?? "it could not be loaded" };
  }
}

/** The body is `{"ready": bool}`, `{}` or nothing at all: tritonclient sends none. */
function wantsReadyOnly(body: Buffer): boolean {
  if (body.byteLength === 0) return false;
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw new ServingError("MALFORMED_JSON", "The body is not JSON.", {}, { cause: error });
  }
  if (typeof parsed !== "object" || parsed === null) {
    throw ServingError.invalidField("body", 'an object, as {"ready": true}', body.toString("utf8", 0, 80));
  }
  const ready = "ready" in parsed ? parsed.ready : undefined;
  if (ready === undefined || ready === null || typeof ready === "boolean") return ready === true;
  throw ServingError.wrongValue("ready", "true or false", ready);
}
