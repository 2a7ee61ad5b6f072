import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { FastifyReply, FastifyRequest } from "fastify";
import { packReply } from "./body.ts";
import { html } from "./html.ts";
import { rootFrom } from "./negotiation.ts";

/** Swagger UI, served from the files of its package: no CDN, no plug-in to load at start, nothing read before it is asked for. */

/** Scripts and styles from here alone. Swagger UI draws its icons from `data:` addresses. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** A script of its own rather than one in the page, which the policy would not run. */
const start = `SwaggerUIBundle({
  url: document.currentScript.dataset.document,
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
`;

const assetTypes: Readonly<Record<string, string>> = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
  "start.js": "text/javascript; charset=utf-8",
};

export const assetNames: readonly string[] = Object.keys(assetTypes);

/**
 * Sends a page that shows an OpenAPI document.
 *
 * @param document path of the document from the server's root, without a slash in front
 */
export function sendDocsPage(
  request: FastifyRequest,
  reply: FastifyReply,
  { title, document }: { readonly title: string; readonly document: string },
): FastifyReply {
  const root = rootFrom(request.url);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${root}docs/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="${root}docs/assets/swagger-ui-bundle.js"></script>
<script src="${root}docs/assets/start.js" data-document="${root}${document}"></script>
</body>
</html>
`;
  return reply
    .header("content-type", "text/html; charset=utf-8")
    .header("content-security-policy", policy)
    .header("x-content-type-options", "nosniff")
    .send(page.text);
}

export async function sendAsset(
  request: FastifyRequest,
  reply: FastifyReply,
  name: string,
): Promise<FastifyReply> {
  const content = name === "start.js" ? Buffer.from(start) : await readFile(join(assetFolder(), name));
  const packed = await packReply(content, request.headers["accept-encoding"]);
  reply
    .header("content-type", assetTypes[name])
    .header("cache-control", "public, max-age=3600")
    .header("x-content-type-options", "nosniff")
    .header("vary", "accept-encoding");
  if (packed !== null) reply.header("content-encoding", "gzip");
  return reply.send(packed ?? content);
}

function assetFolder(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve("@fastify/swagger-ui/package.json")), "static");
}
