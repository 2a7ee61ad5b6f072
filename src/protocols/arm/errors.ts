import { type ErrorCode, errorCatalogue } from "../../contracts/errors.ts";
import type { ServingError } from "../../contracts/serving-error.ts";

interface ArmError {
  readonly status: number;
  /** As Azure names it; clients compare some of them. */
  readonly code: string;
}

const userError = { status: 400, code: "UserError" } as const;
const notFound = { status: 404, code: "ResourceNotFound" } as const;
/** 500 and 503 make azure-core try again for minutes, so what a retry cannot mend is not one of them. */
const cannotBeDone = { status: 400, code: "OperationNotPossible" } as const;
const unavailable = { status: 503, code: "ServiceUnavailable" } as const;

/** Status and code of every error of the catalogue. */
const armErrors: Readonly<Record<ErrorCode, ArmError>> = {
  MALFORMED_JSON: { status: 400, code: "InvalidRequestContent" },
  INVALID_REQUEST: userError,
  INVALID_INPUT: userError,
  UNSUPPORTED_OUTPUT: userError,
  UNSUPPORTED_ENCODING: { status: 415, code: "UnsupportedMediaType" },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, code: "UnsupportedMediaType" },
  NOT_ACCEPTABLE: { status: 406, code: "NotAcceptable" },
  PAYLOAD_TOO_LARGE: { status: 413, code: "RequestEntityTooLarge" },
  UNAUTHENTICATED: { status: 401, code: "AuthenticationFailed" },
  FORBIDDEN: { status: 403, code: "AuthorizationFailed" },
  ROUTE_NOT_FOUND: { status: 404, code: "InvalidResourceType" },
  METHOD_NOT_ALLOWED: { status: 405, code: "MethodNotAllowed" },
  MODEL_NOT_FOUND: notFound,
  MODEL_NOT_READY: unavailable,
  MODEL_LOAD_FAILED: cannotBeDone,
  MODEL_ERROR: cannotBeDone,
  REQUEST_QUARANTINED: userError,
  QUEUE_FULL: { status: 429, code: "TooManyRequests" },
  OVERLOADED: unavailable,
  DEADLINE_EXCEEDED: { status: 504, code: "GatewayTimeout" },
  CANCELLED: { status: 499, code: "ClientClosedRequest" },
  ENDPOINT_NOT_FOUND: notFound,
  DEPLOYMENT_NOT_FOUND: notFound,
  ASSET_NOT_FOUND: notFound,
  ALREADY_EXISTS: { status: 409, code: "UserError" },
  CONFLICT: { status: 409, code: "Conflict" },
  INVALID_DOCUMENT: userError,
  DEPLOYMENT_FAILED: cannotBeDone,
  IMAGE_UNAVAILABLE: cannotBeDone,
  ENGINE_UNAVAILABLE: cannotBeDone,
  INSTANCE_NOT_READY: { status: 503, code: "ResourceNotReady" },
  SHUTTING_DOWN: unavailable,
  OUT_OF_MEMORY: cannotBeDone,
  WORKER_DIED: unavailable,
  ENVIRONMENT_UNUSABLE: cannotBeDone,
  INVALID_SETTINGS: userError,
  PORT_UNAVAILABLE: cannotBeDone,
  UNREACHABLE: { status: 502, code: "BadGateway" },
  INTERNAL: { status: 500, code: "InternalServerError" },
};

export function armStatusOf(error: ServingError): number {
  return armErrors[error.code].status;
}

/** `{"error": {code, message, target, details}}`; of a bug nothing is shown. */
export function encodeArmError(error: ServingError): object {
  const { code } = armErrors[error.code];
  return { error: armErrorBody(code, messageOf(error), error.details.field) };
}

/** The inside of an error, as operations carry it too. */
export function armErrorBody(code: string, message: string, target?: string): object {
  return { code, message, ...(target === undefined ? {} : { target }), details: [], additionalInfo: [] };
}

/** A sentence, and where there is something to do, another one. */
function messageOf(error: ServingError): string {
  if (errorCatalogue[error.code].fault === "bug") return "Internal error. The server's log has the details.";
  const { hint } = error.details;
  if (hint === undefined) return error.message;
  return /[.!?]$/.test(error.message) ? `${error.message} ${hint}` : `${error.message}. ${hint}`;
}
