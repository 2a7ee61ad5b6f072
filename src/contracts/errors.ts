/**
 * The error catalogue: every way in which serving can go wrong, once.
 *
 * Each edge (REST, command line, log) maps these codes to its own statuses in a total table, so that a code added here
 * does not compile until every edge has decided what it means there.
 */

/** Who has to act on an error. It decides the log level and whether the message may be shown as it is. */
export type Fault = "caller" | "operator" | "dependency" | "bug";

interface CatalogueEntry {
  readonly fault: Fault;
  /** Whether the same request may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  readonly summary: string;
}

export const errorCatalogue = {
  MALFORMED_JSON: { fault: "caller", retryable: false, summary: "The body is not JSON." },
  INVALID_REQUEST: { fault: "caller", retryable: false, summary: "A field of the request is wrong." },
  INVALID_INPUT: { fault: "caller", retryable: false, summary: "The tensors do not fit the model." },
  UNSUPPORTED_OUTPUT: { fault: "caller", retryable: false, summary: "The model has no such output." },
  UNSUPPORTED_ENCODING: { fault: "caller", retryable: false, summary: "The content encoding is not known." },
  UNSUPPORTED_MEDIA_TYPE: { fault: "caller", retryable: false, summary: "The content type is not known." },
  NOT_ACCEPTABLE: { fault: "caller", retryable: false, summary: "No answer of an accepted type." },
  PAYLOAD_TOO_LARGE: { fault: "caller", retryable: false, summary: "The body is over the limit." },
  UNAUTHENTICATED: { fault: "caller", retryable: false, summary: "The key is missing or wrong." },
  FORBIDDEN: { fault: "caller", retryable: false, summary: "The request comes from where it may not." },
  ROUTE_NOT_FOUND: { fault: "caller", retryable: false, summary: "No such path." },
  METHOD_NOT_ALLOWED: { fault: "caller", retryable: false, summary: "The path does not have this method." },
  MODEL_NOT_FOUND: { fault: "caller", retryable: false, summary: "No model of this name or version." },
  MODEL_NOT_READY: { fault: "operator", retryable: true, summary: "The model is not loaded." },
  MODEL_LOAD_FAILED: { fault: "operator", retryable: false, summary: "The model could not be loaded." },
  MODEL_ERROR: { fault: "operator", retryable: false, summary: "The model raised an error." },
  REQUEST_QUARANTINED: { fault: "caller", retryable: false, summary: "This request has killed two workers." },
  QUEUE_FULL: { fault: "operator", retryable: true, summary: "The model's queue is full." },
  OVERLOADED: { fault: "operator", retryable: true, summary: "The deadline cannot be met." },
  DEADLINE_EXCEEDED: { fault: "operator", retryable: true, summary: "The deadline has passed." },
  CANCELLED: { fault: "caller", retryable: true, summary: "The caller went away." },
  ENDPOINT_NOT_FOUND: { fault: "caller", retryable: false, summary: "No endpoint of this name." },
  DEPLOYMENT_NOT_FOUND: { fault: "caller", retryable: false, summary: "No deployment of this name." },
  ASSET_NOT_FOUND: {
    fault: "caller",
    retryable: false,
    summary: "No model, environment or code of this name.",
  },
  ALREADY_EXISTS: { fault: "caller", retryable: false, summary: "The name is taken." },
  CONFLICT: { fault: "caller", retryable: false, summary: "The present state does not allow it." },
  INVALID_DOCUMENT: { fault: "caller", retryable: false, summary: "A YAML or JSON document is wrong." },
  DEPLOYMENT_FAILED: { fault: "operator", retryable: false, summary: "The deployment could not be started." },
  IMAGE_UNAVAILABLE: { fault: "operator", retryable: false, summary: "The container image cannot be had." },
  ENGINE_UNAVAILABLE: { fault: "operator", retryable: false, summary: "No container engine answers." },
  INSTANCE_NOT_READY: {
    fault: "operator",
    retryable: true,
    summary: "No instance of the deployment is ready.",
  },
  SHUTTING_DOWN: { fault: "operator", retryable: true, summary: "The server is stopping." },
  OUT_OF_MEMORY: { fault: "operator", retryable: true, summary: "The memory budget does not allow it." },
  WORKER_DIED: { fault: "dependency", retryable: true, summary: "The worker process ended during the call." },
  ENVIRONMENT_UNUSABLE: {
    fault: "operator",
    retryable: false,
    summary: "The Python environment cannot run the model.",
  },
  INVALID_SETTINGS: {
    fault: "operator",
    retryable: false,
    summary: "A settings file, flag or variable is wrong.",
  },
  PORT_UNAVAILABLE: { fault: "operator", retryable: false, summary: "The address cannot be listened on." },
  UNREACHABLE: { fault: "dependency", retryable: true, summary: "No server answers at this address." },
  INTERNAL: { fault: "bug", retryable: false, summary: "Something that should not happen." },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof errorCatalogue;

export const errorCodes: readonly ErrorCode[] = Object.keys(errorCatalogue).filter(isErrorCode);

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(errorCatalogue, value);
}
