import { createHash } from "node:crypto";
import type { Overview, WireModel } from "../../contracts/snapshot.ts";
import { formatBytes, formatDuration } from "../../contracts/units.ts";
import { Html, html } from "./html.ts";
import { indexStyle } from "./index-style.ts";

/** What the browser may do with the page: show it, with this one style. It has no script. */
export const indexPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(indexStyle).digest("base64")}'`,
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * Which models there are and how they are, for a browser.
 *
 * @param root the way to the server's root from where the page lies, as `./`
 */
export function indexPage({ server, models, problems }: Overview, root: string): string {
  const title = `${server.name} ${server.version}`;
  const metrics = server.metrics_url === null ? null : html`<a href="${server.metrics_url}">Metrics</a>`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Html(indexStyle)}</style>
</head>
<body>
<header>
<h1>${server.name}<small>${server.version}</small></h1>
<nav><a href="${root}docs">Docs</a><a href="${root}openapi.json">OpenAPI</a>${metrics}</nav>
</header>
<main>
${problems.length === 0 ? null : problemList(problems)}
<h2>Models <span class="dim">${summaryOf(models)}</span></h2>
<div class="card">${models.length === 0 ? noModels : modelTable(models, root)}</div>
</main>
</body>
</html>
`;
  return page.text;
}

const noModels = html`<p class="empty">No models yet. Put a folder with a <code>model-settings.json</code> where this
server looks, then ask it to load: <code>POST /v2/repository/models/&lt;name&gt;/load</code>.</p>`;

function modelTable(models: readonly WireModel[], root: string): Html {
  return html`<table>
<thead><tr><th>Model</th><th>State</th><th>Framework</th><th class="number">Memory</th><th class="number">Load time</th><th></th></tr></thead>
<tbody>
${models.map((model) => modelRow(model, root))}
</tbody>
</table>`;
}

function modelRow(model: WireModel, root: string): Html {
  const { name, version, state, runtime, framework, reason } = model;
  const versionPath = version === null ? "" : `/versions/${encodeURIComponent(version)}`;
  const path = `${root}v2/models/${encodeURIComponent(name)}${versionPath}`;
  return html`<tr>
<td><span class="name">${name}</span> <span class="dim">${version}</span>${tagsOf(model)}${reasonOf(reason)}</td>
<td><span class="state ${state}">${state}</span></td>
<td>${framework ?? runtime}</td>
<td class="number">${model.memory_bytes === null ? "–" : formatBytes(model.memory_bytes)}</td>
<td class="number">${model.load_ms === null ? "–" : formatDuration(model.load_ms)}</td>
<td class="links"><a href="${path}">Metadata</a><a href="${path}/docs">Docs</a></td>
</tr>
`;
}

function tagsOf({ is_default: isDefault, version, pinned }: WireModel): readonly Html[] {
  return [
    // A model without versions has nothing to be the default among.
    ...(isDefault && version !== null
      ? [html`<span class="tag" title="Answers when no version is named">default</span>`]
      : []),
    ...(pinned ? [html`<span class="tag" title="Never evicted">pinned</span>`] : []),
  ];
}

function reasonOf(reason: string | null): Html | null {
  return reason === null ? null : html`<div class="reason">${reason}</div>`;
}

function problemList(problems: Overview["problems"]): Html {
  return html`<h2>Not served</h2>
<dl class="card">
${problems.map(
  ({ name, where, reason, hint = null }) => html`<dt>${name} <code class="dim">${where}</code></dt>
<dd><span class="reason">${reason}</span>${hint === null ? null : html`<br>${hint}`}</dd>
`,
)}
</dl>`;
}

/** As `3 ready, 1 failed`: what is wrong is seen before the table is read. */
function summaryOf(models: readonly WireModel[]): string {
  const byState = Map.groupBy(models, ({ state }) => state);
  return [...byState].map(([state, { length }]) => `${String(length)} ${state}`).join(", ");
}
