import type { ErrorCode } from "../../contracts/errors.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import { statusOf } from "../http/errors.ts";

/** An error as Multi Model Server tells it: its body, in this order. */
export interface MmsProblem {
  readonly code: number;
  /** The simple name of a class of its. */
  readonly type: string;
  readonly message: string;
}

interface Kind {
  readonly code: number;
  readonly type: string;
  /** Instead of the error's own message, which the log has. */
  readonly message?: (error: ServingError) => string;
}

const internal = "InternalServerException";
const unavailable: Kind = { code: 503, type: "ServiceUnavailableException", message: noWorker };
const badRequest: Kind = { code: 400, type: "BadRequestException" };
const unstartable = (): string => "Failed to start workers";

const kinds: Readonly<Partial<Record<ErrorCode, Kind>>> = {
  MALFORMED_JSON: { code: 400, type: "JsonSyntaxException" },
  INVALID_REQUEST: badRequest,
  INVALID_INPUT: badRequest,
  INVALID_DOCUMENT: { code: 400, type: "InvalidModelException" },
  UNREACHABLE: { code: 400, type: "DownloadModelException" },
  FORBIDDEN: { code: 403, type: "ForbiddenException" },
  MODEL_NOT_FOUND: { code: 404, type: "ModelNotFoundException" },
  ROUTE_NOT_FOUND: { code: 404, type: "ResourceNotFoundException" },
  METHOD_NOT_ALLOWED: { code: 405, type: "MethodNotAllowedException" },
  ALREADY_EXISTS: { code: 409, type: "ConflictStatusException" },
  CONFLICT: { code: 409, type: "ConflictStatusException" },
  MODEL_LOAD_FAILED: { code: 500, type: internal, message: unstartable },
  ENVIRONMENT_UNUSABLE: { code: 500, type: internal, message: unstartable },
  OUT_OF_MEMORY: { code: 507, type: internal, message: unstartable },
  WORKER_DIED: { code: 500, type: internal, message: () => "Worker died." },
  MODEL_NOT_READY: unavailable,
  QUEUE_FULL: unavailable,
  DEADLINE_EXCEEDED: unavailable,
  SHUTTING_DOWN: unavailable,
  INTERNAL: { code: 500, type: internal, message: () => "Internal error. The server's log has the details." },
};

export function problemOf(error: ServingError): MmsProblem {
  const { code, type, message } = kinds[error.code] ?? { code: statusOf[error.code], type: internal };
  return { code, type, message: message === undefined ? withHint(error) : message(error) };
}

/** What to do stands behind what happened; most of Multi Model Server's own messages have nothing like it. */
function withHint({ message, details: { hint } }: ServingError): string {
  return hint === undefined ? message : `${message} ${hint}`;
}

function noWorker({ details: { model = "" } }: ServingError): string {
  return `No worker is available to serve request for model: ${model}. Consider increasing job queue size.`;
}

const seeApiDocument = "please refer to API document.";

export function noSuchPath(): ServingError {
  return new ServingError("ROUTE_NOT_FOUND", `Requested resource is not found, ${seeApiDocument}`);
}

export function noSuchMethod(): ServingError {
  return new ServingError("METHOD_NOT_ALLOWED", `Requested method is not allowed, ${seeApiDocument}`);
}

export function missingParameter(name: string): ServingError {
  return new ServingError("INVALID_REQUEST", `Parameter ${name} is required.`, { field: name });
}
