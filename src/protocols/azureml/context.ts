import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../core/ports/clock.ts";
import type { EndpointDirectory } from "../../core/ports/endpoint-directory.ts";
import type { RequestObserver } from "../../core/ports/request-observer.ts";

/** What the data plane of endpoints works with. */
export interface GatewayContext {
  readonly directory: EndpointDirectory;
  readonly clock: Clock;
  readonly observer: RequestObserver;
  /** Largest request body. */
  readonly maxBodyBytes: number;
  /** Asked first: whether a request was for an endpoint of another kind on these paths, which has taken it. */
  readonly isTaken?: (exchange: {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
  }) => boolean;
}
