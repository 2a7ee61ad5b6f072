import type { Comparison } from "../../../contracts/control/measurements.ts";
import { connect, controlOption, endpointArgument } from "../../control/control-command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { type Context, defineCommand } from "../../framework/command.ts";
import { outputOption, serialize } from "../../output.ts";
import { printable } from "../../printable.ts";
import { formatFields } from "../../table.ts";

export const mirror = defineCommand({
  description:
    "How the answers of the deployment that gets a copy of the traffic compare with those that callers got.",
  examples: [
    { line: "endpoints mirror my-endpoint", note: "agreement, latency, and a few differences" },
    { line: "endpoints mirror my-endpoint -o json", note: "for a program" },
  ],
  arguments: { endpoint: endpointArgument },
  options: { output: outputOption, url: controlOption },
  run: async ({ endpoint, url, output }, context) => {
    const { out, err } = context.terminal;
    const comparison = await (await connect(url, context)).comparison(endpoint);
    if (output !== "table") {
      out.write(await serialize(comparison, output));
    } else if (comparison === null) {
      err.write(
        `Endpoint ${endpoint} mirrors nothing. Begin with: hostler ml online-endpoint update -n ${endpoint} --mirror-traffic "DEPLOYMENT=10"\n`,
      );
    } else {
      tellOf(comparison, context);
    }
    return exitCodes.ok;
  },
});

function tellOf(comparison: Comparison, { terminal: { out } }: Context): void {
  const { deployment, compared, agreed, disagreed, dropped, failed, examples } = comparison;
  out.write(
    formatFields([
      ["Deployment", deployment],
      ["Compared", String(compared)],
      ["Agreed", `${String(agreed)}${percentOf(agreed, compared)}`],
      ["Disagreed", `${String(disagreed)}${percentOf(disagreed, compared)}`],
      ["Failed", String(failed)],
      ["Dropped", `${String(dropped)} (live traffic came first)`],
      ["Largest difference", comparison.largest_difference?.toString() ?? "-"],
      ["Latency", latencyText(comparison.median_latency_difference_ms)],
    ]),
  );
  for (const { request, live, mirrored } of examples) {
    const fields = [
      ["Request", request],
      ["  live", live],
      ["  mirrored", mirrored],
    ] as const;
    out.write(`\n${fields.map(([title, value]) => `${title.padEnd(12)}${printable(value)}\n`).join("")}`);
  }
}

function percentOf(part: number, whole: number): string {
  return whole === 0 ? "" : ` (${((100 * part) / whole).toFixed(1)} %)`;
}

function latencyText(difference: number | null): string {
  if (difference === null) return "-";
  const word = difference < 0 ? "faster" : "slower";
  return `${Math.abs(difference).toFixed(1)} ms ${word} at the median`;
}
