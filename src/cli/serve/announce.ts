import { isAbsolute, relative } from "node:path";
import { exampleRequest } from "../../contracts/example-request.ts";
import type { ModelSnapshot, ProblemSnapshot } from "../../contracts/snapshot.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { SourceProblem } from "../../core/ports/model-source.ts";
import type { RunningServer } from "../../server/index.ts";
import { addresses, modelTable, notice, readyLines } from "../banner.ts";
import { curlLine } from "../curl-line.ts";
import type { Context } from "../framework/command.ts";
import { labelOf } from "../model-table.ts";
import { findSample } from "./find-sample.ts";

/** What of a running server is told. */
export interface Announced extends Pick<RunningServer, "url" | "metricsUrl" | "problems" | "notices"> {
  readonly logger: Logger;
  /** Whether whoever asks must send a key. */
  readonly needsKey: boolean;
}

/**
 * A start is told twice: to people on standard error, with all its tables where that is a terminal, and in the log
 * where that goes anywhere else.
 */

/** Where it listens, and what the operator should know. */
export function tellOfStart(server: Announced, { terminal: { out, err } }: Context): void {
  const { url, metricsUrl, notices, problems, logger } = server;
  if (err.isTty) {
    err.write(addresses({ url: reachable(url), metricsUrl: reachableOrNull(metricsUrl) }, err.colors));
    for (const text of notices) err.write(notice(text, err.colors));
  }
  if (out.isTty && err.isTty) return;
  logger.info("listening", { url, metrics_url: metricsUrl });
  for (const text of notices) logger.warn("notice", { notice: text });
  for (const { name, where, reason, hint } of problems) {
    logger.error("model cannot be served", { model: name, where, reason, hint });
  }
}

interface Outcome {
  readonly models: readonly ModelSnapshot[];
  readonly elapsedMs: number;
  /** The folder that is served. */
  readonly folder: string;
}

/** What became of the models, and the line that asks the first one. */
export async function tellOfModels(server: Announced, outcome: Outcome, context: Context): Promise<void> {
  const { models, elapsedMs, folder } = outcome;
  const { out, err } = context.terminal;
  if (err.isTty) {
    const problems = server.problems.map((problem) => shown(problem, context.cwd));
    err.write(modelTable(models, problems, err.colors));
  }
  const told = { models, broken: server.problems.length };
  err.write(readyLines(told, elapsedMs, await tryLine(server, models, folder), err.colors));
  if (out.isTty && err.isTty) return;
  const ready = models.filter(({ state }) => state === "ready");
  const failed = models.filter(({ state }) => state === "failed");
  server.logger.info("ready", {
    url: server.url,
    models: ready.map(labelOf),
    failed: failed.length + server.problems.length,
    ready_ms: Math.round(elapsedMs),
  });
}

/** Asks the first model that can be asked with something it understands. */
async function tryLine(
  { url, needsKey }: Announced,
  models: readonly ModelSnapshot[],
  folder: string,
): Promise<string | undefined> {
  const candidates = models.filter(
    ({ state, isDefault }) => isDefault && (state === "ready" || state === "registered"),
  );
  for (const model of candidates.sort((one, other) => rank(one) - rank(other))) {
    const body = (await findSample(folder, model.name)) ?? zeros(model);
    if (body !== undefined)
      return curlLine(reachable(url), { name: model.name, version: null }, { body, needsKey });
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
