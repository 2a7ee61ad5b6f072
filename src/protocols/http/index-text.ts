import type { Overview } from "../../contracts/snapshot.ts";
import { formatBytes, formatDuration } from "../../contracts/units.ts";

/** The index for a terminal: what `curl` shows. */
export function indexText({ server, models, problems }: Overview): string {
  const rows = models.map((model) => [
    model.name,
    model.version ?? "-",
    model.framework ?? model.runtime,
    model.state,
    model.memory_bytes === null ? "-" : formatBytes(model.memory_bytes),
    model.load_ms === null ? "-" : formatDuration(model.load_ms),
    model.reason ?? "",
  ]);
  const table = models.length === 0 ? "No models.\n" : tableText([titles, ...rows]);
  const notServed = problems.map(
    ({ name, where, reason, hint = null }) =>
      `\n${printable(`${name}: ${reason} (${where})`)}\n${hint === null ? "" : `  ${printable(hint)}\n`}`,
  );
  const links = [
    `docs     ${server.url}/docs`,
    ...(server.metrics_url === null ? [] : [`metrics  ${server.metrics_url}`]),
  ];
  const head = printable(`${server.name} ${server.version}`);
  return `${head}\n\n${table}${notServed.join("")}\n${links.join("\n")}\n`;
}

const titles = ["NAME", "VERSION", "FRAMEWORK", "STATE", "MEMORY", "LOAD", ""];

function tableText(rows: readonly (readonly string[])[]): string {
  const lines = rows.map((row) => row.map(printable));
  const widths = titles.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines
    .map(
      (cells) =>
        `${cells
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("   ")
          .trimEnd()}\n`,
    )
    .join("");
}

/** Reasons come from models and their files: nothing in them may move the cursor of whoever asked. */
function printable(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, " ").replaceAll(/\p{Cc}/gu, "\u{FFFD}");
}
