import type { IncomingMessage } from "node:http";
import { ServingError } from "../../contracts/serving-error.ts";
import type { BackendBody } from "../../core/ports/backend.ts";
import { checkAnnounced, collectBody, tooLarge } from "../http/body.ts";

/** Bodies up to this size are taken in before an instance is asked: they can be sent twice, and copied. */
const smallBytes = 1024 * 1024;

const nothing = new Uint8Array();

export interface BodyEvents {
  /** So many more bytes have come. */
  readonly onPart: (bytes: number) => void;
  /** A stream ends before its time: PAYLOAD_TOO_LARGE, or CANCELLED because the caller left. */
  readonly onBroken: (error: ServingError) => void;
}

/**
 * The body of a request, as it came: whole where it is small, else a stream that is read as fast as the instance takes it.
 *
 * @throws ServingError PAYLOAD_TOO_LARGE; CANCELLED when the caller leaves
 */
export function readRequestBody(
  request: IncomingMessage,
  limitBytes: number,
  events: BodyEvents,
): BackendBody | Promise<BackendBody> {
  const { "content-length": announced, "transfer-encoding": encoding } = request.headers;
  if (encoding !== undefined) return streamOf(request, limitBytes, events);
  if (announced === undefined || announced === "0") return nothing;
  checkAnnounced(request, limitBytes);
  if (Number(announced) > smallBytes) return streamOf(request, limitBytes, events);
  events.onPart(Number(announced));
  return collectBody(request, limitBytes);
}

async function* streamOf(
  request: IncomingMessage,
  limitBytes: number,
  { onPart, onBroken }: BodyEvents,
): AsyncGenerator<Uint8Array, undefined> {
  let size = 0;
  try {
    // The connection has to outlive its request's body: an answer is still to go out on it.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      if (!(chunk instanceof Uint8Array)) continue;
      size += chunk.byteLength;
      onPart(chunk.byteLength);
      if (size > limitBytes) throw tooLarge(limitBytes, String(size));
      yield chunk;
    }
  } catch (error) {
    const broken =
      error instanceof ServingError
        ? error
        : new ServingError("CANCELLED", "The caller went away while sending.");
    onBroken(broken);
    throw broken;
  }
}
