import type { ErrorCode } from "../../contracts/errors.ts";
import { errorCatalogue } from "../../contracts/errors.ts";
import type { ServingError } from "../../contracts/serving-error.ts";

/** HTTP status of every error of the catalogue. */
export const statusOf: Readonly<Record<ErrorCode, number>> = {
  MALFORMED_JSON: 400,
  INVALID_REQUEST: 400,
  INVALID_INPUT: 400,
  UNSUPPORTED_OUTPUT: 400,
  UNSUPPORTED_ENCODING: 415,
  UNSUPPORTED_MEDIA_TYPE: 415,
  NOT_ACCEPTABLE: 406,
  PAYLOAD_TOO_LARGE: 413,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  ROUTE_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  MODEL_NOT_FOUND: 404,
  MODEL_NOT_READY: 503,
  MODEL_LOAD_FAILED: 500,
  MODEL_ERROR: 500,
  REQUEST_QUARANTINED: 422,
  QUEUE_FULL: 429,
  OVERLOADED: 503,
  DEADLINE_EXCEEDED: 504,
  CANCELLED: 499,
  ENDPOINT_NOT_FOUND: 404,
  DEPLOYMENT_NOT_FOUND: 404,
  ASSET_NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  CONFLICT: 409,
  INVALID_DOCUMENT: 400,
  DEPLOYMENT_FAILED: 500,
  IMAGE_UNAVAILABLE: 500,
  ENGINE_UNAVAILABLE: 500,
  INSTANCE_NOT_READY: 503,
  SHUTTING_DOWN: 503,
  OUT_OF_MEMORY: 507,
  WORKER_DIED: 503,
  ENVIRONMENT_UNUSABLE: 500,
  INVALID_SETTINGS: 400,
  PORT_UNAVAILABLE: 500,
  UNREACHABLE: 502,
  INTERNAL: 500,
};

export interface EncodedError extends Readonly<Record<string, unknown>> {
  /** The message. */
  readonly error: string;
  readonly code: ErrorCode;
}

/**
 * The body of an error: V2's `{"error": "<message>"}`, which is all that its clients read, and beside it what a person
 * or a program needs to mend it. Of a bug nothing is shown: it could carry internals.
 */
export function encodeError(error: ServingError): EncodedError {
  if (errorCatalogue[error.code].fault === "bug") {
    return { error: "Internal error. The server's log has the details.", code: error.code };
  }
  const { field, expected, got, hint, model, version } = error.details;
  return {
    error: error.message,
    code: error.code,
    ...(field === undefined ? {} : { field }),
    ...(expected === undefined ? {} : { expected }),
    ...(got === undefined ? {} : { got }),
    ...(model === undefined ? {} : { model }),
    ...(version === undefined ? {} : { version }),
    ...(hint === undefined ? {} : { hint }),
  };
}
