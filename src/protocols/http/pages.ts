import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Overview } from "../../contracts/snapshot.ts";
import { indexPage, indexPolicy } from "./index-page.ts";
import { indexText } from "./index-text.ts";
import { namedType, rootFrom } from "./negotiation.ts";
import { assetNames, sendAsset, sendDocsPage } from "./swagger.ts";

export interface PagesDeps {
  /** The server and its models as they are now. */
  readonly overview: () => Overview;
}

/** Puts the pages for people on a listener: what is served, and how to call it. */
export function registerPages(app: FastifyInstance, { overview }: PagesDeps): void {
  app.get("/", (request, reply) => sendIndex(request, reply, overview()));
  app.get("/docs", (request, reply) => {
    const { name, version } = overview().server;
    return sendDocsPage(request, reply, { title: `${name} ${version}: docs`, document: "openapi.json" });
  });
  for (const name of assetNames) {
    app.get(`/docs/assets/${name}`, (request, reply) => sendAsset(request, reply, name));
  }
}

/** A page for browsers, JSON for programs that ask for it, and a table for everybody else: curl asks for nothing. */
function sendIndex(request: FastifyRequest, reply: FastifyReply, overview: Overview): FastifyReply {
  const type =
    namedType(request.headers.accept, ["text/html", "application/json", "text/plain"]) ?? "text/plain";
  reply
    .header("vary", "accept")
    .header("cache-control", "no-store")
    .header("x-content-type-options", "nosniff");
  switch (type) {
    case "application/json":
      // As bytes: to a text Fastify would add a charset, which JSON has none of.
      return reply.header("content-type", "application/json").send(Buffer.from(JSON.stringify(overview)));
    case "text/html":
      return reply
        .header("content-type", "text/html; charset=utf-8")
        .header("content-security-policy", indexPolicy)
        .send(indexPage(overview, rootFrom(request.url)));
    case "text/plain":
      return reply.header("content-type", "text/plain; charset=utf-8").send(indexText(overview));
  }
}
