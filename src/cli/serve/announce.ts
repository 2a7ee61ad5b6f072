import { isAbsolute, relative } from "node:path";
import { exampleRequest } from "../../contracts/example-request.ts";
import type { ModelSnapshot, ProblemSnapshot } from "../../contracts/snapshot.ts";
import type { SourceProblem } from "../../core/ports/model-source.ts";
import type { PythonEnvironment } from "../../runtimes/python/python-runtime.ts";
import type { RunningServer } from "../../server/index.ts";
import { addresses, environmentLine, modelTable, notice, readyLines } from "../banner.ts";
import { curlLine } from "../curl-line.ts";
import type { Context } from "../framework/command.ts";
import { labelOf } from "../model-table.ts";
import { findSample } from "./find-sample.ts";
import type { ServeRequest } from "./serve-request.ts";
import { standInNotices } from "./stand-in.ts";

/**
 * A start is told twice: to people on standard error, with all its tables where that is a terminal, and in the log
 * where that is not one.
 */

/** Where it listens, and what the operator should know. */
export function tellOfStart(server: RunningServer, request: ServeRequest, context: Context): void {
  const { out, err } = context.terminal;
  const notices = [...standInNotices(server, request.standIn), ...server.notices];
  if (err.isTty) {
    err.write(addresses({ url: reachable(server.url), metricsUrl: reachableOrNull(server.metricsUrl) }, err.colors));
    for (const text of notices) err.write(notice(text, err.colors));
  }
  if (out.isTty && err.isTty) return;
  server.logger.info("listening", { url: server.url, metrics_url: server.metricsUrl });
  for (const text of notices) server.logger.warn("notice", { notice: text });
  for (const { name, where, reason, hint } of server.problems) {
    server.logger.error("model cannot be served", { model: name, where, reason, hint });
  }
}

export function tellOfEnvironments(environments: readonly PythonEnvironment[], { terminal: { err } }: Context): void {
  if (!err.isTty) return;
  for (const environment of environments) err.write(environmentLine(environment, err.colors));
}

interface Outcome {
  readonly server: RunningServer;
  readonly models: readonly ModelSnapshot[];
  readonly elapsedMs: number;
}

/** What became of the models, and the line that asks the first one. */
export async function tellOfModels(outcome: Outcome, request: ServeRequest, context: Context): Promise<void> {
  const { server, models, elapsedMs } = outcome;
  const { out, err } = context.terminal;
  const problems = server.problems.map((problem) => shown(problem, context.cwd));
  if (err.isTty) err.write(modelTable(models, problems, err.colors));
  err.write(readyLines(models, elapsedMs, await tryLine(server, models, request.folder), err.colors));
  if (out.isTty && err.isTty) return;
  const ready = models.filter(({ state }) => state === "ready");
  server.logger.info("ready", {
    url: server.url,
    models: ready.map(labelOf),
    failed: models.length - ready.length + problems.length,
    ready_ms: Math.round(elapsedMs),
  });
}

/** Asks the first model that can be asked with something it understands. */
async function tryLine(
  { url, settings }: RunningServer,
  models: readonly ModelSnapshot[],
  folder: string,
): Promise<string | undefined> {
  const candidates = models.filter(({ state, isDefault }) => isDefault && (state === "ready" || state === "registered"));
  for (const model of candidates.sort((one, other) => rank(one) - rank(other))) {
    const body = (await findSample(folder, model.name)) ?? zeros(model);
    if (body !== undefined) {
      const target = { name: model.name, version: null };
      return curlLine(reachable(url), target, { body, needsKey: settings.apiKeySha256.length > 0 });
    }
  }
  return undefined;
}

function rank({ state }: ModelSnapshot): number {
  return state === "ready" ? 0 : 1;
}

function zeros({ inputs }: ModelSnapshot): string | undefined {
  const request = inputs === null ? null : exampleRequest(inputs);
  return request === null ? undefined : JSON.stringify(request);
}

/** Paths as the person who typed the folder thinks of them. */
function shown({ name, where, reason, hint }: SourceProblem, cwd: string): ProblemSnapshot {
  const fromHere = isAbsolute(where) ? relative(cwd, where) : where;
  return { name, where: fromHere.length < where.length ? fromHere : where, reason, hint: hint ?? null };
}

function reachableOrNull(url: string | null): string | null {
  return url === null ? null : reachable(url);
}

/** A wildcard address is for listening; one asks at loopback. */
function reachable(url: string): string {
  return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
}
