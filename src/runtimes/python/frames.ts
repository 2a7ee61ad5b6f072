/** Frames of the worker protocol, version 1: docs/reference/worker-protocol.md. No sockets here, only bytes. */

export const protocolVersion = 1;

export const frameKinds = {
  hello: 1,
  call: 2,
  chunk: 3,
  end: 4,
  cancel: 5,
  load: 6,
  unload: 7,
  log: 8,
  metric: 9,
  health: 10,
  fork: 11,
  exited: 12,
  import: 13,
} as const;

export type FrameKind = keyof typeof frameKinds;

export interface Frame {
  readonly kind: FrameKind;
  /** The call or command this belongs to; 0 for events. */
  readonly id: number;
  readonly isLast: boolean;
  readonly header: unknown;
  readonly payload: Buffer;
}

const preludeBytes = 16;
const maxHeaderBytes = 1 << 20;
const maxPayloadBytes = 1 << 30;
const lastFlag = 1;
/** Below this, one copy into one buffer is cheaper than a gathered write. */
const copyLimitBytes = 64 * 1024;

const kindsByNumber = new Map<number, FrameKind>(
  Object.entries(frameKinds).flatMap(([name, number]) => (isFrameKind(name) ? [[number, name]] : [])),
);

function isFrameKind(name: string): name is FrameKind {
  return Object.hasOwn(frameKinds, name);
}

/** A peer that does not keep to the protocol. It ends the connection, never the server. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

export interface OutgoingFrame {
  readonly kind: FrameKind;
  readonly id: number;
  readonly header: object;
  readonly payload?: readonly Uint8Array[];
}

/** The bytes of a frame, as pieces to be written in order. */
export function encodeFrame({ kind, id, header, payload = [] }: OutgoingFrame): readonly Uint8Array[] {
  const text = JSON.stringify(header);
  const headerBytes = Buffer.byteLength(text);
  let payloadBytes = 0;
  for (const part of payload) payloadBytes += part.byteLength;
  if (headerBytes > maxHeaderBytes || payloadBytes > maxPayloadBytes) {
    throw new FrameError(
      `A frame of ${String(headerBytes)} + ${String(payloadBytes)} bytes is over the limit.`,
    );
  }
  const isSmall = payloadBytes <= copyLimitBytes;
  const head = Buffer.allocUnsafe(preludeBytes + headerBytes + (isSmall ? payloadBytes : 0));
  head.writeUInt32LE(headerBytes, 0);
  head.writeUInt32LE(payloadBytes, 4);
  head.writeUInt32LE(id, 8);
  head.writeUInt32LE(frameKinds[kind], 12);
  head.write(text, preludeBytes, "utf8");
  if (!isSmall) return [head, ...payload];
  let offset = preludeBytes + headerBytes;
  for (const part of payload) {
    head.set(part, offset);
    offset += part.byteLength;
  }
  return [head];
}

/** Cuts a stream of bytes into frames. Large frames are put together once, when all of their bytes are there. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #held = 0;
  /** Bytes that the frame at the front needs, as far as its prelude has told. */
  #needed = preludeBytes;

  /** Takes bytes in and gives every frame that is complete. */
  *push(chunk: Buffer): Generator<Frame> {
    this.#chunks.push(chunk);
    this.#held += chunk.byteLength;
    while (this.#held >= this.#needed) {
      const bytes = this.#gather();
      const size = frameBytes(bytes);
      if (bytes.byteLength < size) {
        this.#keep(bytes, size);
        return;
      }
      this.#keep(bytes.subarray(size), preludeBytes);
      yield parseFrame(bytes.subarray(0, size));
    }
  }

  #gather(): Buffer {
    const [only] = this.#chunks;
    return this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks);
  }

  #keep(bytes: Buffer, needed: number): void {
    this.#chunks = bytes.byteLength === 0 ? [] : [bytes];
    this.#held = bytes.byteLength;
    this.#needed = needed;
  }
}

/** Bytes of the frame that starts here; its prelude is checked before anything else is read or waited for. */
function frameBytes(bytes: Buffer): number {
  const headerBytes = bytes.readUInt32LE(0);
  const payloadBytes = bytes.readUInt32LE(4);
  if (headerBytes > maxHeaderBytes || payloadBytes > maxPayloadBytes) {
    throw new FrameError(
      `A frame announces ${String(headerBytes)} + ${String(payloadBytes)} bytes: over the limit.`,
    );
  }
  if (bytes.readUInt16LE(14) !== 0) throw new FrameError("A frame's reserved bytes are not zero.");
  kindOf(bytes);
  return preludeBytes + headerBytes + payloadBytes;
}

function kindOf(bytes: Buffer): FrameKind {
  const kind = kindsByNumber.get(bytes.readUInt8(12));
  if (kind === undefined) throw new FrameError(`Unknown frame kind ${String(bytes.readUInt8(12))}.`);
  return kind;
}

function parseFrame(bytes: Buffer): Frame {
  const payloadStart = preludeBytes + bytes.readUInt32LE(0);
  return {
    kind: kindOf(bytes),
    id: bytes.readUInt32LE(8),
    isLast: (bytes.readUInt8(13) & lastFlag) !== 0,
    header: parseHeader(bytes.toString("utf8", preludeBytes, payloadStart)),
    payload: bytes.subarray(payloadStart),
  };
}

function parseHeader(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FrameError("A frame's header is not JSON.", { cause: error });
  }
}
