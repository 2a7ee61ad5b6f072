import { type ErrorCode, errorCatalogue } from "../../contracts/errors.ts";
import type { ServingError } from "../../contracts/serving-error.ts";

interface AwsError {
  readonly status: number;
  /** Name of the exception, as the service model has it. */
  readonly type: string;
}

const validation = { status: 400, type: "ValidationError" } as const;
const denied = { status: 403, type: "AccessDeniedException" } as const;
const unavailable = { status: 503, type: "ServiceUnavailable" } as const;
const failure = { status: 500, type: "InternalFailure" } as const;
const model = { status: 424, type: "ModelError" } as const;

/** What the data plane says for every error of the catalogue. */
const runtimeErrors: Readonly<Record<ErrorCode, AwsError>> = {
  MALFORMED_JSON: validation,
  INVALID_REQUEST: validation,
  INVALID_INPUT: model,
  UNSUPPORTED_OUTPUT: model,
  UNSUPPORTED_ENCODING: validation,
  UNSUPPORTED_MEDIA_TYPE: validation,
  NOT_ACCEPTABLE: validation,
  PAYLOAD_TOO_LARGE: validation,
  UNAUTHENTICATED: denied,
  FORBIDDEN: denied,
  ROUTE_NOT_FOUND: validation,
  METHOD_NOT_ALLOWED: validation,
  MODEL_NOT_FOUND: validation,
  MODEL_NOT_READY: { status: 429, type: "ModelNotReadyException" },
  MODEL_LOAD_FAILED: model,
  MODEL_ERROR: model,
  REQUEST_QUARANTINED: model,
  QUEUE_FULL: unavailable,
  OVERLOADED: unavailable,
  DEADLINE_EXCEEDED: model,
  CANCELLED: validation,
  ENDPOINT_NOT_FOUND: validation,
  DEPLOYMENT_NOT_FOUND: validation,
  ASSET_NOT_FOUND: validation,
  ALREADY_EXISTS: validation,
  CONFLICT: validation,
  INVALID_DOCUMENT: model,
  DEPLOYMENT_FAILED: unavailable,
  IMAGE_UNAVAILABLE: unavailable,
  ENGINE_UNAVAILABLE: unavailable,
  INSTANCE_NOT_READY: unavailable,
  SHUTTING_DOWN: unavailable,
  OUT_OF_MEMORY: unavailable,
  WORKER_DIED: model,
  ENVIRONMENT_UNUSABLE: model,
  INVALID_SETTINGS: failure,
  PORT_UNAVAILABLE: failure,
  UNREACHABLE: { status: 530, type: "InternalDependencyException" },
  INTERNAL: failure,
};

/** An answer that is an error: its exception's name goes into a header and the body. */
export interface EncodedError {
  readonly status: number;
  readonly type: string;
  readonly body: object;
}

/** A refusal of the data plane. */
export function encodeRuntimeError(error: ServingError): EncodedError {
  const { status, type } = runtimeErrors[error.code];
  return { status, type, body: { Message: messageOf(error) } };
}

/** What a container that failed has said, or why it has said nothing. */
export interface ModelFailure {
  readonly endpoint: string;
  readonly container: string;
  /** 0 where it gave no answer. */
  readonly status: number;
  readonly message: string;
}

export function encodeModelError({ endpoint, container, status, message }: ModelFailure): EncodedError {
  const who = status >= 400 && status < 500 ? "client" : "server";
  const stream = `arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/Endpoints/${endpoint}`;
  const body = {
    ErrorCode: status === 0 ? "INTERNAL_FAILURE_FROM_MODEL" : `${who.toUpperCase()}_ERROR_FROM_MODEL`,
    LogStreamArn: stream,
    Message:
      `Received ${who} error (${String(status)}) from ${container} with message "${message}". ` +
      `See ${stream} for more information.`,
    OriginalMessage: message,
    OriginalStatusCode: status,
  };
  return { status: model.status, type: model.type, body };
}

/** The status that a container would have answered with, for an error that came instead of an answer. */
export function originalStatusOf({ code }: ServingError): number {
  if (code === "OUT_OF_MEMORY") return 507;
  return code === "DEADLINE_EXCEEDED" || code === "WORKER_DIED" ? 0 : 500;
}

/** Errors of the control plane: nearly all of them are one exception, told apart by their texts. */
export function encodeControlError(error: ServingError): EncodedError {
  const { type } = runtimeErrors[error.code];
  switch (error.fault) {
    case "caller":
      return control(400, type === "AccessDeniedException" ? type : "ValidationException", error);
    case "operator":
    case "dependency":
      return control(503, "ServiceUnavailable", error);
    case "bug":
      return control(500, "InternalFailure", error);
  }
}

function control(status: number, type: string, error: ServingError): EncodedError {
  return { status, type, body: { __type: type, message: messageOf(error) } };
}

/** A sentence, and where there is something to do, another one. Of a bug nothing is shown. */
function messageOf(error: ServingError): string {
  if (errorCatalogue[error.code].fault === "bug") return "Internal error. The server's log has the details.";
  const { hint } = error.details;
  if (hint === undefined) return error.message;
  return /[.!?]$/.test(error.message) ? `${error.message} ${hint}` : `${error.message}. ${hint}`;
}
