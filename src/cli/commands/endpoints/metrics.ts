import type { DeploymentMetrics, Tally } from "../../../contracts/control/measurements.ts";
import type { VariantMetricsReport } from "../../../contracts/control/hosted-endpoints.ts";
import { connect, controlOption, endpointArgument } from "../../control/control-command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { type Context, defineCommand } from "../../framework/command.ts";
import { flag } from "../../framework/option.ts";
import { outputOption, printListing, quietOption } from "../../output.ts";
import type { Column } from "../../table.ts";
import { hostedColumns } from "./hosted-metrics.ts";

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
    const client = await connect(url, context);
    const hosted = await client.hostedEndpoints();
    if (hosted.some(({ name }) => name === endpoint)) {
      await printHosted(endpoint, await client.hostedMetrics(endpoint), { options, context });
      return exitCodes.ok;
    }
    const rows = await client.metrics(endpoint);
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

/** SageMaker's variants count since they run; CloudWatch's names are in the JSON. */
async function printHosted(
  endpoint: string,
  rows: readonly VariantMetricsReport[],
  { options, context }: { readonly options: Parameters<typeof printListing>[1]; readonly context: Context },
): Promise<void> {
  const nameOf = ({ variant }: VariantMetricsReport): string => variant;
  const ifEmpty = `Endpoint ${endpoint} is not running.`;
  await printListing({ columns: hostedColumns(), rows, nameOf, data: rows, ifEmpty }, options, context);
}

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
