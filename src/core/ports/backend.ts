/** What answers the requests of a deployment: a scoring script in a worker, or any HTTP server on a port. */
export interface Backend {
  /** Sends a request. Never rejects: an outcome says what happened. */
  call(request: BackendRequest): BackendCall;
  /** Where a raw connection can be made, for WebSocket and other upgrades; null where there is no such place. */
  readonly address: BackendAddress | null;
}

export interface BackendAddress {
  readonly host: string;
  readonly port: number;
}

/** A request as HTTP has it, without its connection. */
export interface BackendRequest {
  readonly method: string;
  /** Path and query as they go over the wire: never decoded, never encoded again. */
  readonly target: string;
  /** Name and value in turn; without hop-by-hop ones, `host` and `expect`, which belong to the connection. */
  readonly headers: readonly string[];
  readonly body: BackendBody;
}

/** Bytes, or, where there may be many, a stream of them; an empty body is an empty array. */
export type BackendBody = Uint8Array | AsyncIterable<Uint8Array>;

export interface BackendCall {
  readonly outcome: Promise<BackendOutcome>;
  /** Nobody waits for the answer any more. */
  cancel(): void;
}

export type BackendOutcome =
  | {
      readonly kind: "answered";
      readonly status: number;
      /** Name and value in turn, names in lower case, hop-by-hop ones removed. */
      readonly headers: readonly string[];
      readonly body: BackendBody;
    }
  /** Nothing had been sent, or nothing had been begun: it can go to another instance. */
  | { readonly kind: "not-started"; readonly reason: string }
  /** It was under way when the instance went away. */
  | { readonly kind: "failed"; readonly reason: string };
