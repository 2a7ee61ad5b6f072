import type { DeploymentMetrics, Tally } from "../../../contracts/control/measurements.ts";
import { connect, controlOption, endpointArgument } from "../../control/control-command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { defineCommand } from "../../framework/command.ts";
import { flag } from "../../framework/option.ts";
import { outputOption, printListing, quietOption } from "../../output.ts";
import type { Column } from "../../table.ts";

export const metrics = defineCommand({
  description:
    "What each deployment did in the last minute; errors are answers of 500 and above, and calls without an answer.",
  examples: [
    { line: "endpoints metrics my-endpoint", note: "the last minute" },
    { line: "endpoints metrics my-endpoint --total", note: "since each was deployed" },
  ],
  arguments: { endpoint: endpointArgument },
  options: {
    total: flag({ flags: "--total", help: "since each was deployed, not in the last minute" }),
    output: outputOption,
    quiet: quietOption,
    url: controlOption,
  },
  run: async ({ endpoint, url, total, ...options }, context) => {
    const rows = await (await connect(url, context)).metrics(endpoint);
    const listing = {
      columns: columnsOf((row) => (total ? row.total : row.last_minute)),
      rows,
      nameOf: ({ deployment }: DeploymentMetrics) => deployment,
      data: rows,
      ifEmpty: `Endpoint ${endpoint} has no deployments.`,
    };
    await printListing(listing, options, context);
    return exitCodes.ok;
  },
});

function columnsOf(tally: (row: DeploymentMetrics) => Tally): readonly Column<DeploymentMetrics>[] {
  const number = (title: string, cell: (row: DeploymentMetrics) => string): Column<DeploymentMetrics> => ({
    title,
    cell,
    align: "right",
  });
  return [
    { title: "DEPLOYMENT", cell: ({ deployment }) => deployment },
    number("TRAFFIC", ({ traffic }) => `${String(traffic)} %`),
    number("IN FLIGHT", (row) => String(row.in_flight)),
    number("QUEUED", (row) => String(row.queued)),
    number("REQUESTS", (row) => String(tally(row).requests)),
    number("ERRORS", (row) => String(tally(row).errors)),
    number("P50", (row) => milliseconds(tally(row).p50_ms)),
    number("P95", (row) => milliseconds(tally(row).p95_ms)),
    number("P99", (row) => milliseconds(tally(row).p99_ms)),
  ];
}

function milliseconds(value: number | null): string {
  return value === null ? "-" : `${value.toFixed(1)} ms`;
}
