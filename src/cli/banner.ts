import type { ModelSnapshot, ProblemSnapshot } from "../contracts/snapshot.ts";
import { brokenRow, labelOf, modelColumns } from "./model-table.ts";
import { printable } from "./printable.ts";
import { formatFields, formatTable } from "./table.ts";
import type { Colors } from "./terminal.ts";
import { formatDuration } from "../contracts/units.ts";

/** What a person who starts a server is told, piece by piece. Pure: who prints it decides where. */

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

export function notice(text: string, { yellow }: Colors): string {
  return `${yellow("!")} ${printable(text)}\n`;
}

/** Longer lists belong to `hostler models ls`. */
const mostRows = 30;
const mostFailures = 10;

export function modelTable(
  models: readonly ModelSnapshot[],
  problems: readonly ProblemSnapshot[],
  colors: Colors,
): string {
  const rows = [...models, ...problems.map(({ name }) => brokenRow(name))];
  if (rows.length === 0) return `${colors.yellow("!")} There are no models here.\n`;
  // Where not all can be shown, those that need somebody go first.
  const graveFirst = rows.toSorted((one, other) => Number(isWell(one)) - Number(isWell(other)));
  const table = formatTable(
    modelColumns(colors),
    rows.length > mostRows ? graveFirst.slice(0, mostRows) : rows,
  );
  const failed = [
    ...models.filter((model) => !isWell(model)).map(failureOfModel),
    ...problems.map(failureOfProblem),
  ];
  const explained = failed.slice(0, mostFailures).map((failure) => failureLines(failure, colors));
  return `\n${table}${more(rows.length - mostRows)}${explained.join("")}${more(failed.length - mostFailures)}\n`;
}

function isWell({ state }: Pick<ModelSnapshot, "state">): boolean {
  return state !== "failed" && state !== "broken";
}

function more(count: number): string {
  return count > 0 ? `… and ${String(count)} more: hostler models ls\n` : "";
}

/** Why a model is not served: the table has no room for it. */
interface Failure {
  readonly what: string;
  readonly why: string;
  readonly hint: string | null;
}

function failureOfModel(model: ModelSnapshot): Failure {
  return { what: labelOf(model), why: model.reason ?? model.state, hint: model.hint };
}

function failureOfProblem({ name, where, reason, hint }: ProblemSnapshot): Failure {
  return { what: name, why: `${where}: ${reason}`, hint };
}

function failureLines({ what, why, hint }: Failure, { red, dim }: Colors): string {
  const line = `${red("✗")} ${printable(`${what}: ${why}`)}\n`;
  return hint === null ? line : `${line}  ${dim(`→ ${printable(hint)}`)}\n`;
}

/**
 * How it went, and the line that proves it.
 *
 * @param broken how many more cannot be served, because of what their files say
 */
export function readyLines(
  { models, broken }: { readonly models: readonly ModelSnapshot[]; readonly broken: number },
  elapsedMs: number,
  tryLine: string | undefined,
  { bold }: Colors,
): string {
  const summary = `${bold(`Ready after ${formatDuration(elapsedMs)}`)}: ${countStates(models, broken)}.`;
  return tryLine === undefined ? `${summary}\n` : `${summary} Ask one:\n\n  ${tryLine}\n\n`;
}

/** As `2 models ready, 1 failed`. */
function countStates(models: readonly ModelSnapshot[], broken: number): string {
  const states = [...models.map(({ state }) => state), ...Array.from({ length: broken }, () => "failed")];
  const counts = Map.groupBy(states, (state) =>
    state === "registered" ? "to be loaded when first asked" : state,
  );
  const parts = [...counts].map(([state, { length }], index) => {
    const noun = index > 0 ? "" : length === 1 ? "model " : "models ";
    return `${String(length)} ${noun}${state}`;
  });
  return parts.length === 0 ? "no models" : parts.join(", ");
}

export const stopping = "Stopping: requests in flight are finished first. Ctrl-C again ends them at once.\n";
export const killing = "Ending at once.\n";
export const stopped = "Stopped.\n";
