import { connectionHeaders } from "../../contracts/connection-headers.ts";

/** Names the deployment that a request has to go to, and that an answer came from. */
export const deploymentHeader = "azureml-model-deployment";
export const sessionHeader = "azureml-model-session";
export const modelTimeHeader = "ms-azureml-model-time";
export const errorStatusHeader = "ms-azureml-model-error-statuscode";
export const errorReasonHeader = "ms-azureml-model-error-reason";
export const requestIdHeader = "x-request-id";
export const msRequestIdHeader = "x-ms-request-id";
export const clientRequestIdHeader = "x-ms-client-request-id";

/** Headers of one connection, and those that end at the gateway or are its own to say. */
const keptHere: ReadonlySet<string> = new Set([
  ...connectionHeaders,
  "authorization",
  "expect",
  "host",
  requestIdHeader,
  clientRequestIdHeader,
]);

/** What an instance gets of a request's headers: names and values in turn. */
export function forwardedHeaders(raw: readonly string[]): string[] {
  const kept: string[] = [];
  const named = namedByConnection(raw);
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? "";
    const lower = name.toLowerCase();
    if (keptHere.has(lower) || named?.has(lower) === true) continue;
    kept.push(name, raw[index + 1] ?? "");
  }
  return kept;
}

/** Headers that `connection` names are the connection's as well; nearly always it names none. */
function namedByConnection(raw: readonly string[]): ReadonlySet<string> | null {
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? "";
    const value = raw[index + 1] ?? "";
    if (name.length !== "connection".length || name.toLowerCase() !== "connection") continue;
    if (value === "keep-alive" || value === "close") return null;
    return new Set(value.split(",").map((one) => one.trim().toLowerCase()));
  }
  return null;
}

/** Headers that the gateway says itself, whatever an instance says. */
const ownHeaders: ReadonlySet<string> = new Set([
  deploymentHeader,
  sessionHeader,
  modelTimeHeader,
  errorStatusHeader,
  errorReasonHeader,
  requestIdHeader,
]);

export function isOwnHeader(lowerName: string): boolean {
  return ownHeaders.has(lowerName);
}
