import type { IncomingMessage, ServerResponse } from "node:http";

/** One request, with the parts of its target. */
export interface MmsExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** As it came: still encoded. */
  readonly path: string;
  /** Without its question mark. */
  readonly query: string;
}
