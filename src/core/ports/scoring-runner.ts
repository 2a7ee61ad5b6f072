/** Runs a scoring script: its `init()` has returned, its `run()` answers calls. */
export interface ScoringRunner {
  readonly script: ScoringScript;
  /** Calls `run()`. What comes while every worker is busy waits, first come first served. */
  score(call: ScoringCall): ScoringRun;
}

/** What a script turned out to be when it was loaded. */
export interface ScoringScript {
  /** What `run()` takes: the body as text, arguments out of a JSON body, or the whole request. */
  readonly input: "text" | "schema" | "raw";
  /** Whether `run()` sees the request's headers. */
  readonly takesHeaders: boolean;
  /** Origins that browsers may call from, as the script's environment and config file name them. */
  readonly corsOrigins: readonly string[];
  /** The service's description by version (`2`, `2.0`, `3`, `3.0`, `3.1`); those it cannot be told in are left out. */
  readonly documents: ReadonlyMap<string, string>;
  /** After this time a call of `run()` is ended. */
  readonly timeoutMs: number;
}

/** A request to `/score`, without its connection. */
export interface ScoringCall {
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  /** Name and value in turn. */
  readonly headers: readonly string[];
  readonly contentType: string;
  readonly body: Uint8Array;
}

export interface ScoringRun {
  /** Never rejects: an outcome says what happened. */
  readonly outcome: Promise<ScoringOutcome>;
  /** Nobody waits for the answer: what has not begun never does, what runs may end. */
  cancel(): void;
}

export type ScoringOutcome =
  | { readonly kind: "answered"; readonly answer: ScoringAnswer }
  /** It was not begun: it can go to another instance. */
  | { readonly kind: "not-started"; readonly reason: string }
  /** The process that ran it ended. */
  | { readonly kind: "crashed"; readonly reason: string }
  /** It ran for longer than the script's limit, and did not end when it was told to. */
  | { readonly kind: "overdue" };

export interface ScoringAnswer {
  readonly status: number;
  /** Name and value in turn; the content type among them. */
  readonly headers: readonly string[];
  /** Bytes, or a stream of what `run()` yields. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
  /** Whether the script failed, or says so itself; null where the answer is not to say. */
  readonly hasFailed: boolean | null;
  /** How long `run()` took; null where it was not called or did not return. */
  readonly runMs: number | null;
}
