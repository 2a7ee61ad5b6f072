import { z } from "zod";
import { type Datatype, datatypeNames } from "./datatypes.ts";

/** What `GET /` tells a program about the server and its models, and what the command line shows of them. */

/** What a model takes or gives: −1 is a dimension that varies. */
export interface TensorSnapshot {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/** One version of one model, as it is now. */
export interface ModelSnapshot {
  readonly name: string;
  readonly version: string | null;
  readonly runtime: string;
  /** As `scikit-learn 1.9.1`; null until it was loaded once. */
  readonly framework: string | null;
  readonly state: string;
  /** Whether it answers when no version is named. */
  readonly isDefault: boolean;
  readonly pinned: boolean;
  /** An estimate where models share a worker. */
  readonly memoryBytes: number | null;
  readonly loadMs: number | null;
  /** Null where the artifact does not tell, or was not loaded yet. */
  readonly inputs: readonly TensorSnapshot[] | null;
  readonly outputs: readonly string[];
  /** Why it is not served. */
  readonly reason: string | null;
  /** What to do about that. */
  readonly hint: string | null;
}

/** A model that cannot be served, and where to look. */
export interface ProblemSnapshot {
  readonly name: string;
  /** `file:line:column` or `file`. */
  readonly where: string;
  readonly reason: string;
  readonly hint: string | null;
}

const tensorSchema = z.object({
  name: z.string(),
  datatype: z.enum(datatypeNames),
  shape: z.array(z.number()),
});

const modelSchema = z.object({
  name: z.string(),
  version: z.string().nullable(),
  runtime: z.string(),
  framework: z.string().nullable(),
  /** A word, not a closed set: a newer server may know more states than this client. */
  state: z.string(),
  is_default: z.boolean(),
  pinned: z.boolean(),
  memory_bytes: z.number().nullable(),
  load_ms: z.number().nullable(),
  inputs: z.array(tensorSchema).nullable(),
  outputs: z.array(z.string()),
  reason: z.string().nullable(),
  /** Absent: a server of before there were any. */
  hint: z.string().nullable().default(null),
});

const problemSchema = z.object({
  name: z.string(),
  where: z.string(),
  reason: z.string(),
  hint: z.string().nullish(),
});

/** The body of `GET /` with `accept: application/json`. */
export const overviewSchema = z.object({
  server: z.object({
    name: z.string(),
    version: z.string(),
    url: z.string(),
    metrics_url: z.string().nullable(),
  }),
  models: z.array(modelSchema),
  problems: z.array(problemSchema),
});

export type Overview = z.infer<typeof overviewSchema>;
export type WireModel = z.infer<typeof modelSchema>;

export function modelToWire(model: ModelSnapshot): WireModel {
  const { isDefault, memoryBytes, loadMs, inputs, outputs, ...same } = model;
  return {
    ...same,
    is_default: isDefault,
    memory_bytes: memoryBytes,
    load_ms: loadMs,
    inputs: inputs?.map((input) => ({ ...input, shape: [...input.shape] })) ?? null,
    outputs: [...outputs],
  };
}

export function modelFromWire(wire: WireModel): ModelSnapshot {
  const { is_default: isDefault, memory_bytes: memoryBytes, load_ms: loadMs, ...same } = wire;
  return { ...same, isDefault, memoryBytes, loadMs };
}
