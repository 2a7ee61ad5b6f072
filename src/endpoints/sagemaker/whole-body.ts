import type { BackendBody } from "../../core/ports/backend.ts";

/** A body in one piece; rejects where it breaks off. */
export async function wholeBody(body: BackendBody): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
