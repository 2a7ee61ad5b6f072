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

  /** The same for a value that came as JSON: a few bytes of it are shown. */
  static wrongValue(field: string, expected: string, value: unknown): ServingError {
    return ServingError.invalidField(field, expected, excerptOf(value));
  }
}

const excerptLength = 80;

function excerptOf(value: unknown): string {
  if (value === undefined) return "nothing";
  try {
    const shown = typeof value === "string" ? value.slice(0, excerptLength) : value;
    return JSON.stringify(shown).slice(0, excerptLength);
  } catch {
    // Parsing needs no stack, printing does.
    return "something nested too deeply to show";
  }
}
