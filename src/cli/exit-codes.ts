import type { ErrorCode } from "../contracts/errors.ts";

/** What the process's exit status tells a script. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  unauthenticated: 4,
  conflict: 5,
  timedOut: 6,
  unreachable: 7,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Total by type: an error code without an exit status does not compile. */
export const exitCodeOf: Readonly<Record<ErrorCode, ExitCode>> = {
  MALFORMED_JSON: exitCodes.usage,
  INVALID_REQUEST: exitCodes.usage,
  INVALID_INPUT: exitCodes.usage,
  UNSUPPORTED_OUTPUT: exitCodes.usage,
  UNSUPPORTED_ENCODING: exitCodes.usage,
  PAYLOAD_TOO_LARGE: exitCodes.usage,
  UNAUTHENTICATED: exitCodes.unauthenticated,
  FORBIDDEN: exitCodes.unauthenticated,
  ROUTE_NOT_FOUND: exitCodes.notFound,
  METHOD_NOT_ALLOWED: exitCodes.usage,
  MODEL_NOT_FOUND: exitCodes.notFound,
  MODEL_NOT_READY: exitCodes.failed,
  MODEL_LOAD_FAILED: exitCodes.failed,
  MODEL_ERROR: exitCodes.failed,
  REQUEST_QUARANTINED: exitCodes.failed,
  QUEUE_FULL: exitCodes.failed,
  OVERLOADED: exitCodes.failed,
  DEADLINE_EXCEEDED: exitCodes.timedOut,
  CANCELLED: exitCodes.failed,
  ENDPOINT_NOT_FOUND: exitCodes.notFound,
  DEPLOYMENT_NOT_FOUND: exitCodes.notFound,
  ASSET_NOT_FOUND: exitCodes.notFound,
  ALREADY_EXISTS: exitCodes.conflict,
  CONFLICT: exitCodes.conflict,
  INVALID_DOCUMENT: exitCodes.usage,
  DEPLOYMENT_FAILED: exitCodes.failed,
  IMAGE_UNAVAILABLE: exitCodes.failed,
  ENGINE_UNAVAILABLE: exitCodes.failed,
  INSTANCE_NOT_READY: exitCodes.failed,
  SHUTTING_DOWN: exitCodes.failed,
  OUT_OF_MEMORY: exitCodes.failed,
  WORKER_DIED: exitCodes.failed,
  ENVIRONMENT_UNUSABLE: exitCodes.failed,
  INVALID_SETTINGS: exitCodes.usage,
  PORT_UNAVAILABLE: exitCodes.conflict,
  UNREACHABLE: exitCodes.unreachable,
  INTERNAL: exitCodes.failed,
};
