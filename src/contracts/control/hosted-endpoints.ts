import { z } from "zod";

/** Endpoints of SageMaker's kind, as the control API tells of them; they are made and changed through AWS's own API. */

export const hostedEndpointSchema = z.object({
  name: z.string(),
  status: z.string(),
  failure_reason: z.string().nullable(),
  config: z.string(),
  invocations_uri: z.string(),
  variants: z.array(
    z.object({ name: z.string(), is_shadow: z.boolean(), weight: z.number(), instances: z.int() }),
  ),
});
export type HostedEndpointSummary = z.infer<typeof hostedEndpointSchema>;

const summarySchema = z.object({ sum: z.number(), count: z.int() });

/** What one variant did since it runs, under CloudWatch's names. Times in microseconds. */
export const variantMetricsSchema = z.object({
  variant: z.string(),
  counters: z.record(z.string(), z.number()),
  summaries: z.record(z.string(), summarySchema),
  gauges: z.record(z.string(), z.number()),
});
export type VariantMetricsReport = z.infer<typeof variantMetricsSchema>;
