import type { BackendBody } from "../ports/backend.ts";

/** A body of which a test knows that it does not come in pieces. */
export function whole(body: BackendBody): Uint8Array {
  if (body instanceof Uint8Array) return body;
  throw new Error("The body comes in pieces.");
}
