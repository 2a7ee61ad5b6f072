import type { ModelSnapshot, ProblemSnapshot } from "../contracts/snapshot.ts";
import { brokenRow, labelOf, modelColumns } from "./model-table.ts";
import { printable } from "./printable.ts";
import { formatFields, formatTable } from "./table.ts";
import type { Colors } from "./terminal.ts";
import { formatDuration } from "./units.ts";

/** What a person who starts a server is told, piece by piece. Pure: who prints it decides where. */

/** Printed before the server is even loaded, so that nobody wonders whether anything happens. */
export function firstLine(version: string, folder: string, { bold }: Colors): string {
  return `${bold(`hostler ${version}`)} serving ${printable(folder)}\n`;
}

/** Addresses to click or to copy. */
export function addresses(
  { url, metricsUrl }: { readonly url: string; readonly metricsUrl: string | null },
  { cyan }: Colors,
): string {
  const lines = [
    ["  REST", url],
    ["  Docs", `${url}/docs`],
    ...(metricsUrl === null ? [] : [["  Metrics", metricsUrl] as const]),
  ] as const;
  return `\n${formatFields(lines, cyan)}\n`;
}

/** As `Python 3.13.5 at .venv/bin/python with scikit-learn 1.9.1, xgboost 3.2.0`. */
export function environmentLine(
  { interpreter, python, frameworks }: Environment,
  { dim }: Colors,
): string {
  const found = Object.entries(frameworks).map(([name, version]) => `${name} ${version}`);
  const text = `Python ${python ?? "(version unknown)"} at ${interpreter} with ${found.join(", ") || "no framework"}`;
  return `${dim(printable(text))}\n\n`;
}

interface Environment {
  readonly interpreter: string;
  readonly python: string | null;
  readonly frameworks: Readonly<Record<string, string>>;
}

export function notice(text: string, { yellow }: Colors): string {
  return `${yellow("!")} ${printable(text)}\n`;
}

export function modelTable(
  models: readonly ModelSnapshot[],
  problems: readonly ProblemSnapshot[],
  colors: Colors,
): string {
  const rows = [...models, ...problems.map(({ name }) => brokenRow(name))];
  if (rows.length === 0) return `${colors.yellow("!")} There are no models here.\n`;
  return `${formatTable(modelColumns(colors), rows)}${failures(models, problems, colors)}\n`;
}

/** Why models are not served: the table has no room for it. */
function failures(
  models: readonly ModelSnapshot[],
  problems: readonly ProblemSnapshot[],
  { red, dim }: Colors,
): string {
  const failed = models.flatMap((model) =>
    model.reason === null || model.state === "ready" ? [] : [{ what: labelOf(model), why: model.reason, hint: null }],
  );
  const broken = problems.map(({ name, where, reason, hint }) => ({ what: name, why: `${where}: ${reason}`, hint }));
  return [...failed, ...broken]
    .map(({ what, why, hint }) => {
      const line = `${red("✗")} ${printable(`${what}: ${why}`)}\n`;
      return hint === null ? line : `${line}  ${dim(`→ ${printable(hint)}`)}\n`;
    })
    .join("");
}

/** How it went, and the line that proves it. */
export function readyLines(
  models: readonly ModelSnapshot[],
  elapsedMs: number,
  tryLine: string | undefined,
  { bold }: Colors,
): string {
  const summary = `${bold(`Ready after ${formatDuration(elapsedMs)}`)}: ${countStates(models)}.`;
  return tryLine === undefined ? `${summary}\n` : `${summary} Ask one:\n\n  ${tryLine}\n\n`;
}

/** As `2 models ready, 1 failed`. */
function countStates(models: readonly ModelSnapshot[]): string {
  const counts = Map.groupBy(models, ({ state }) => (state === "registered" ? "to be loaded when first asked" : state));
  const parts = [...counts].map(([state, { length }], index) => {
    const noun = index > 0 ? "" : length === 1 ? "model " : "models ";
    return `${String(length)} ${noun}${state}`;
  });
  return parts.length === 0 ? "no models" : parts.join(", ");
}

export const stopping = "Stopping: requests in flight are finished first. Ctrl-C again ends them at once.\n";
export const killing = "Ending at once.\n";
export const stopped = "Stopped.\n";
