import type { ModelSpec } from "../models/model-spec.ts";

/** A place that models come from. Reading it never loads a model. */
export interface ModelSource {
  /** Everything there is. */
  list(): Promise<SourceListing>;
  /** Everything of one name; costs the same whatever else is there. */
  find(name: string): Promise<SourceListing>;
}

export interface SourceListing {
  readonly specs: readonly ModelSpec[];
  readonly problems: readonly SourceProblem[];
  /** What the operator should know once, at start: fields not honoured, surprising choices. */
  readonly notices: readonly string[];
}

/** A model that cannot be served, and why; the rest are served. */
export interface SourceProblem {
  /** The name, as far as it can be told. */
  readonly name: string;
  /** `file:line:column` or `file`. */
  readonly where: string;
  readonly reason: string;
  readonly hint?: string;
}
