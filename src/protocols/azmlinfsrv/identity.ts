import { randomUUID } from "node:crypto";
import { clientIdTooLong, idLimit, requestIdTooLong } from "./contract.ts";

/** The ids of an exchange, as headers of the answer; with a refusal where one of them is too long. */
export interface Identity {
  readonly headers: readonly string[];
  readonly refusal: string | null;
  /** Whether the caller uses the header that is to go. */
  readonly isLegacy: boolean;
}

/** What of a request's headers matters here, by their names in small letters. */
export interface IdentityHeaders {
  readonly requestId: string | undefined;
  readonly legacyId: string | undefined;
  readonly clientId: string | undefined;
  readonly traceId: string | undefined;
}

/**
 * Every answer has an `x-request-id`, given or new. `x-ms-request-id` once meant two things: where it is left out it
 * repeats the client's id or the request's, and where it is given it is the client's id, too, if there is no other.
 */
export function identify({
  requestId = randomUUID(),
  legacyId = "",
  clientId = "",
  traceId,
}: IdentityHeaders): Identity {
  const trace = traceId === undefined ? [] : ["TraceId", traceId];
  const isLegacy = legacyId !== "";
  if (requestId.length > idLimit) return { headers: trace, refusal: requestIdTooLong, isLegacy: false };
  const own = ["x-request-id", requestId];
  const legacy = isLegacy ? legacyId : clientId === "" ? requestId : clientId;
  const client = clientId === "" ? legacyId : clientId;
  if (legacy.length > idLimit || client.length > idLimit) {
    return { headers: [...own, ...trace], refusal: clientIdTooLong, isLegacy };
  }
  const clients = client === "" ? [] : ["x-ms-client-request-id", client];
  return { headers: [...own, "x-ms-request-id", legacy, ...clients, ...trace], refusal: null, isLegacy };
}
