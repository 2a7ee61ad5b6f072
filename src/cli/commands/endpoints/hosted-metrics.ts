import type { VariantMetricsReport } from "../../../contracts/control/hosted-endpoints.ts";
import type { Column } from "../../table.ts";

/** Columns for SageMaker's variants, from what CloudWatch counts. */
export function hostedColumns(): readonly Column<VariantMetricsReport>[] {
  const number = (
    title: string,
    cell: (row: VariantMetricsReport) => string,
  ): Column<VariantMetricsReport> => ({
    title,
    cell,
    align: "right",
  });
  const counter = (name: string) => (row: VariantMetricsReport) => String(row.counters[name] ?? 0);
  return [
    { title: "VARIANT", cell: ({ variant }) => variant },
    number("INVOCATIONS", counter("Invocations")),
    number("4XX", counter("Invocation4XXErrors")),
    number("5XX", counter("Invocation5XXErrors")),
    number("MODEL ERRORS", counter("InvocationModelErrors")),
    number("MODEL LATENCY", (row) => milliseconds(row, "ModelLatency")),
    number("OVERHEAD", (row) => milliseconds(row, "OverheadLatency")),
    number("LOADED MODELS", (row) => String(row.gauges["LoadedModelCount"] ?? 0)),
    number("CACHE HIT", cacheHit),
    number("LOADING", (row) => milliseconds(row, "ModelLoadingTime")),
  ];
}

const microsecondsPerMs = 1_000;

function milliseconds(row: VariantMetricsReport, name: string): string {
  const average = averageOf(row, name);
  return average === null ? "-" : `${(average / microsecondsPerMs).toFixed(1)} ms`;
}

function cacheHit(row: VariantMetricsReport): string {
  const average = averageOf(row, "ModelCacheHit");
  return average === null ? "-" : `${(average * 100).toFixed(0)} %`;
}

/** Null where nothing was measured. */
function averageOf({ summaries }: VariantMetricsReport, name: string): number | null {
  const { sum, count } = summaries[name] ?? { sum: 0, count: 0 };
  return count === 0 ? null : sum / count;
}
