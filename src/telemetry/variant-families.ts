import {
  type VariantCounter,
  variantCounters,
  type VariantGauge,
  variantGauges,
  type VariantMetrics,
  type VariantSummary,
  variantSummaries,
} from "../core/ports/hosted-endpoints.ts";
import { type Family, labelText, pieces, sample } from "./exposition.ts";

const helps: Readonly<Record<VariantCounter | VariantSummary | VariantGauge, string>> = {
  Invocations: "Calls to a variant.",
  Invocation4XXErrors: "Calls that were refused, or answered by the model with a status of 4xx.",
  Invocation5XXErrors: "Calls that failed, or were answered by the model with a status of 5xx.",
  InvocationModelErrors: "Calls that the model did not answer with a status of 2xx.",
  ModelLatency: "Microseconds from the sending of a request to the model to the head of its answer.",
  OverheadLatency: "Microseconds that were spent on a call besides.",
  ModelLoadingWaitTime: "Microseconds that calls waited for their model.",
  ModelDownloadingTime: "Microseconds until a model's files were here.",
  ModelLoadingTime: "Microseconds of loading, from the files to the first call.",
  ModelUnloadingTime: "Microseconds of unloading.",
  ModelCacheHit: "1 for each call whose model was in memory, 0 for the others.",
  LoadedModelCount: "Models in memory, of each instance.",
  InvocationsPerInstance: "Calls of each instance.",
  InFlight: "Calls under way.",
};

/** SageMaker's variants, under the names that CloudWatch has for the same. */
export function variantFamilies(variants: readonly VariantMetrics[]): readonly Family[] {
  return [
    ...variantCounters.map((name) => family(name, "counter", variants, ({ counters }) => counters[name])),
    ...variantGauges.map((name) => family(name, "gauge", variants, ({ gauges }) => gauges[name])),
    ...variantSummaries.map((name) => summaryFamily(name, variants)),
  ];
}

function family(
  name: VariantCounter | VariantGauge,
  type: "counter" | "gauge",
  variants: readonly VariantMetrics[],
  of: (variant: VariantMetrics) => number,
): Family {
  const samples = (): Iterable<string> =>
    pieces(variants, (variant) => sample(name, labelsOf(variant), of(variant)));
  return { name, type, help: helps[name], samples };
}

function summaryFamily(name: VariantSummary, variants: readonly VariantMetrics[]): Family {
  const render = (variant: VariantMetrics): string => {
    const { sum, count } = variant.summaries[name];
    const labels = labelsOf(variant);
    return sample(`${name}_sum`, labels, sum) + sample(`${name}_count`, labels, count);
  };
  return { name, type: "summary", help: helps[name], samples: () => pieces(variants, render) };
}

function labelsOf({ endpoint, variant }: VariantMetrics): string {
  return labelText({ EndpointName: endpoint, VariantName: variant });
}
