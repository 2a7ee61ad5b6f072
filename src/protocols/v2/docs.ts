import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ModelVersion } from "../../core/models/model-version.ts";
import type { ModelRegistry } from "../../core/models/registry.ts";
import { rootFrom } from "../http/negotiation.ts";
import type { JsonObject } from "../http/openapi.ts";
import { sendDocsPage } from "../http/swagger.ts";
import { documentedModel } from "./documented-model.ts";
import { modelDocument, serverDocument } from "./openapi.ts";

export interface V2DocsDeps {
  readonly engine: { readonly registry: ModelRegistry };
  /** hostler's own. */
  readonly serverVersion: string;
}

/** Models with an example in the document of the whole server; each has all in its own. */
const mostExamples = 20;

/** Puts the V2 documents on a listener, at MLServer's paths, and the page that shows each. */
export function registerV2Docs(
  app: FastifyInstance,
  { engine: { registry }, serverVersion }: V2DocsDeps,
): void {
  const whole = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const shown = [...registry.versions()].slice(0, mostExamples);
    const models = await Promise.all(shown.map(documentedModel));
    return sendJson(
      reply,
      serverDocument(models, { version: serverVersion, serverUrl: rootFrom(request.url) }),
    );
  };
  app.get("/openapi.json", whole);
  app.get("/v2/docs/dataplane.json", whole);
  app.get("/v2/docs", (request, reply) =>
    sendDocsPage(request, reply, { title: "Data Plane", document: "v2/docs/dataplane.json" }),
  );
  for (const path of ["/v2/models/:name", "/v2/models/:name/versions/:version"]) {
    app.get<ModelRoute>(`${path}/docs`, (request, reply) => sendModelPage(registry, request, reply));
    app.get<ModelRoute>(`${path}/docs/dataplane.json`, async (request, reply) => {
      const { name, version = null } = request.params;
      const model = await documentedModel(registry.resolve(name, version));
      return sendJson(
        reply,
        modelDocument(model, { requestedVersion: version, serverUrl: rootFrom(request.url) }),
      );
    });
  }
}

interface ModelRoute {
  readonly Params: { readonly name: string; readonly version?: string };
}

function sendModelPage(
  registry: ModelRegistry,
  request: FastifyRequest<ModelRoute>,
  reply: FastifyReply,
): FastifyReply {
  const { name, version = null } = request.params;
  const model = registry.resolve(name, version);
  const versionPath = version === null ? "" : `/versions/${encodeURIComponent(version)}`;
  const document = `v2/models/${encodeURIComponent(name)}${versionPath}/docs/dataplane.json`;
  return sendDocsPage(request, reply, { title: titleOf(model), document });
}

function titleOf({ spec: { name, version } }: ModelVersion): string {
  return version === null ? name : `${name} (${version})`;
}

function sendJson(reply: FastifyReply, document: JsonObject): FastifyReply {
  // As bytes: to a text Fastify would add a charset, which JSON has none of.
  return reply.header("content-type", "application/json").send(Buffer.from(JSON.stringify(document)));
}
