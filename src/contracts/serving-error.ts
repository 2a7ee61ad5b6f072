import { type ErrorCode, errorCatalogue, type Fault } from "./errors.ts";

/** What an error knows besides its message. All of it may be shown to the caller. */
export interface ErrorDetails {
  /** Path of the wrong field, as `inputs[0].shape`. */
  readonly field?: string;
  readonly expected?: string;
  readonly got?: string;
  readonly model?: string;
  readonly version?: string;
  /** Seconds after which a retry makes sense. */
  readonly retryAfterS?: number;
  /** Largest body that is accepted, in bytes. */
  readonly limitBytes?: number;
  /** Methods that the path has. */
  readonly allow?: readonly string[];
  /** `file:line` or `file` that the operator has to look at. */
  readonly where?: string;
  /** What to do. */
  readonly hint?: string;
}

/** The only error that crosses a room's boundary. `cause` keeps what was caught; it is logged, never sent. */
export class ServingError extends Error {
  override readonly name = "ServingError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }

  get fault(): Fault {
    return errorCatalogue[this.code].fault;
  }

  get retryable(): boolean {
    return errorCatalogue[this.code].retryable;
  }

  /** The only converter of foreign errors: a ServingError stays what it is, all else becomes `fallback`. */
  static from(error: unknown, fallback: ErrorCode = "INTERNAL"): ServingError {
    if (error instanceof ServingError) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new ServingError(fallback, message, {}, { cause: error });
  }

  /** A wrong field: says which, what was expected and what came. */
  static invalidField(field: string, expected: string, got: string): ServingError {
    return new ServingError("INVALID_REQUEST", `${field}: expected ${expected}, got ${got}`, {
      field,
      expected,
      got,
    });
  }
}
