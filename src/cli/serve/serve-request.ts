import type { GivenValue } from "../framework/option.ts";

export interface ServeRequest {
  readonly folder: string;
  /** What was typed, by setting. */
  readonly flags: Readonly<Record<string, GivenValue>>;
  /** The tool that is stood in for. */
  readonly standIn: string | undefined;
}
