import { z } from "zod";
import { deploymentNameSchema } from "./names.ts";

/** Limits that the new deployment must keep, measured against the live one over the same time; null: not watched. */
const guardRailsSchema = z.object({
  /** How many more percent of calls may fail than with the live deployment. */
  max_error_rate_increase_percent: z.number().min(0).nullable().default(1),
  /** How many times the live deployment's p99. */
  max_p99_ratio: z.number().min(1).nullable().default(2),
  /** Percent of mirrored answers that may differ. */
  max_mirror_disagreement_percent: z.number().min(0).nullable().default(null),
  /** Nothing is judged before the new deployment has answered this many calls. */
  min_requests: z.int().min(1).default(20),
});
export type GuardRails = z.infer<typeof guardRailsSchema>;

export const rolloutSpecSchema = z.object({
  /** The deployment that is to take the traffic. */
  to: deploymentNameSchema,
  /** Percent of the traffic, one after the other; the last one is 100. */
  steps: z.array(z.int().min(1).max(100)).min(1).default([10, 50, 100]),
  /** Seconds that each step is watched. */
  step_seconds: z.number().min(0).default(60),
  guard_rails: guardRailsSchema.prefault({}),
});
export type RolloutSpec = z.infer<typeof rolloutSpecSchema>;

const rolloutStates = ["running", "succeeded", "rolled_back", "cancelled"] as const;

export const rolloutSchema = rolloutSpecSchema.extend({
  state: z.enum(rolloutStates),
  /** Index of the step that is being watched. */
  step: z.int(),
  /** Traffic before the first step, which a roll back restores. */
  before: z.record(z.string(), z.int()),
  started_at: z.iso.datetime(),
  ended_at: z.iso.datetime().nullable(),
  /** Why it was rolled back: which limit, and both figures. */
  reason: z.string().nullable(),
});
export type Rollout = z.infer<typeof rolloutSchema>;
