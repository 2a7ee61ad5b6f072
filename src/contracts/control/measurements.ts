import { z } from "zod";
import { deploymentNameSchema } from "./names.ts";

/** What one deployment did since it was deployed, and in the last minute. */
const tallySchema = z.object({
  requests: z.int(),
  /** Answers of 500 and above, and calls without an answer. */
  errors: z.int(),
  p50_ms: z.number().nullable(),
  p95_ms: z.number().nullable(),
  p99_ms: z.number().nullable(),
});
export type Tally = z.infer<typeof tallySchema>;

export const deploymentMetricsSchema = z.object({
  deployment: deploymentNameSchema,
  /** Percent that was asked for. */
  traffic: z.int(),
  in_flight: z.int(),
  queued: z.int(),
  total: tallySchema,
  last_minute: tallySchema,
});
export type DeploymentMetrics = z.infer<typeof deploymentMetricsSchema>;

/** How a mirrored deployment's answers compare with the live ones. */
export const comparisonSchema = z.object({
  deployment: deploymentNameSchema,
  compared: z.int(),
  agreed: z.int(),
  /** Numbers that differ by no more than 1e-6 of their size count as agreement. */
  disagreed: z.int(),
  /** Copies that were not sent, or not answered, because live traffic came first. */
  dropped: z.int(),
  failed: z.int(),
  largest_difference: z.number().nullable(),
  /** Positive: the mirrored one is slower. */
  median_latency_difference_ms: z.number().nullable(),
  /** A few of the newest disagreements. */
  examples: z.array(z.object({ request: z.string(), live: z.string(), mirrored: z.string() })),
});
export type Comparison = z.infer<typeof comparisonSchema>;
