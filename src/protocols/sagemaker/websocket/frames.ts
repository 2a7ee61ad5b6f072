/** Frames of WebSockets (RFC 6455, 5), on the side of the server, without extensions. */

export type SocketEvent =
  | { readonly kind: "message"; readonly isText: boolean; readonly bytes: Buffer }
  | { readonly kind: "ping"; readonly bytes: Buffer }
  | { readonly kind: "pong" }
  | { readonly kind: "close" };

export const closeCodes = {
  normal: 1000,
  goingAway: 1001,
  protocol: 1002,
  text: 1007,
  tooBig: 1009,
  failed: 1011,
} as const;

/** What ends a connection, and how that is told. */
export class SocketFault extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const firstControl = 8;
const longestControl = 125;
const shortHeader = 2;
const maskBytes = 4;

interface Header {
  readonly isFinal: boolean;
  readonly opcode: number;
  /** Bytes before the payload. */
  readonly size: number;
  readonly length: number;
}

/** Takes frames apart, wherever the pieces that they come in are cut, and puts fragmented messages together. */
export class FrameReader {
  readonly #limitBytes: number;
  #chunks: Buffer[] = [];
  #size = 0;
  /** Bytes that have to be there before it goes on. */
  #needed = shortHeader;
  /** A message whose end has not come. */
  #parts: Buffer[] = [];
  #partsSize = 0;
  #isText: boolean | null = null;

  /** @param limitBytes of one message */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** @throws SocketFault */
  *push(chunk: Buffer): Generator<SocketEvent> {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    while (this.#size >= this.#needed) {
      const bytes = Buffer.concat(this.#chunks, this.#size);
      this.#chunks = [bytes];
      const header = readHeader(bytes);
      if (header === null) {
        this.#needed = headerSize(bytes);
        continue;
      }
      this.#check(header);
      const end = header.size + header.length;
      if (bytes.length < end) {
        this.#needed = end;
        continue;
      }
      this.#chunks = [bytes.subarray(end)];
      this.#size -= end;
      this.#needed = shortHeader;
      const event = this.#take(header, unmasked(bytes.subarray(header.size - maskBytes, end)));
      if (event !== null) yield event;
    }
  }

  #check({ isFinal, opcode, length }: Header): void {
    if (opcode >= firstControl) {
      if (!isFinal || length > longestControl)
        throw new SocketFault(closeCodes.protocol, "a control frame too long");
      return;
    }
    if ((opcode === opcodes.continuation) !== (this.#isText !== null)) {
      throw new SocketFault(closeCodes.protocol, "a fragment out of order");
    }
    if (this.#partsSize + length > this.#limitBytes) {
      throw new SocketFault(closeCodes.tooBig, `a message has at most ${String(this.#limitBytes)} bytes`);
    }
  }

  #take({ isFinal, opcode }: Header, payload: Buffer): SocketEvent | null {
    switch (opcode) {
      case opcodes.close:
        return { kind: "close" };
      case opcodes.ping:
        return { kind: "ping", bytes: payload };
      case opcodes.pong:
        return { kind: "pong" };
      case opcodes.text:
      case opcodes.binary:
        this.#isText = opcode === opcodes.text;
        break;
      case opcodes.continuation:
        break;
      default:
        throw new SocketFault(closeCodes.protocol, "a frame of an unknown kind");
    }
    this.#parts.push(payload);
    this.#partsSize += payload.length;
    return isFinal ? this.#message() : null;
  }

  #message(): SocketEvent {
    const bytes = Buffer.concat(this.#parts, this.#partsSize);
    const isText = this.#isText === true;
    this.#parts = [];
    this.#partsSize = 0;
    this.#isText = null;
    if (isText && !isUtf8(bytes)) throw new SocketFault(closeCodes.text, "a text that is not UTF-8");
    return { kind: "message", isText, bytes };
  }
}

function headerSize(bytes: Buffer): number {
  const short = (bytes[1] ?? 0) & 0x7f;
  return shortHeader + maskBytes + (short === 126 ? 2 : short === 127 ? 8 : 0);
}

/** Null where it is not all there. */
function readHeader(bytes: Buffer): Header | null {
  const size = headerSize(bytes);
  if (bytes.length < size) return null;
  const [first = 0, second = 0] = bytes;
  if ((first & 0x70) !== 0) throw new SocketFault(closeCodes.protocol, "an extension that was not agreed on");
  if ((second & 0x80) === 0) throw new SocketFault(closeCodes.protocol, "a frame without a mask");
  const short = second & 0x7f;
  const length =
    short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  return { isFinal: (first & 0x80) !== 0, opcode: first & 0x0f, size, length };
}

/** @param masked the mask and what it covers */
function unmasked(masked: Buffer): Buffer {
  const payload = Buffer.from(masked.subarray(maskBytes));
  for (let index = 0; index < payload.length; index += 1) {
    payload[index] = (payload[index] ?? 0) ^ (masked[index % maskBytes] ?? 0);
  }
  return payload;
}

function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** A whole frame, as a server sends it. */
export function encodeFrame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const isShort = length < 126;
  const isMedium = length < 0x10000;
  const head = Buffer.alloc(isShort ? 2 : isMedium ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = isShort ? length : isMedium ? 126 : 127;
  if (!isShort && isMedium) head.writeUInt16BE(length, 2);
  else if (!isShort) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

export function encodeClose(code: number, reason: string): Buffer {
  const payload = Buffer.alloc(longestControl);
  payload.writeUInt16BE(code, 0);
  const length = payload.write(reason, 2);
  return encodeFrame(opcodes.close, payload.subarray(0, 2 + length));
}
