import type { ServerResponse } from "node:http";

/** Up to here a copy costs less than a second piece to write. */
const oneWriteBytes = 16 * 1024;

/** Ends an answer whose head is written with a body that is there, both in one piece where it is small. */
export function endWhole(response: ServerResponse, body: Uint8Array): void {
  if (body.byteLength <= oneWriteBytes) response.end(latin1(body), "latin1");
  else response.end(body);
}

/** The same bytes as text: Node writes a head and a text as one piece, and a head and bytes as two. */
function latin1(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1");
}
