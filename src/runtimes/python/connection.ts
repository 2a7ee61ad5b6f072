import type { Socket } from "node:net";
import { encodeFrame, type Frame, FrameError, FrameReader, type OutgoingFrame } from "./frames.ts";

export interface ConnectionEvents {
  readonly onFrame: (frame: Frame) => void;
  /** Called once; `error` says what was wrong with the peer, if anything was. */
  readonly onClose: (error: Error | null) => void;
}

/** Up to here frames that leave together are copied into one piece. */
const joinedBytes = 64 * 1024;
/** What the kernel says where the other side has closed with bytes of ours that it had not read. */
const unreadCodes: ReadonlySet<unknown> = new Set(["ECONNRESET", "EPIPE"]);
/** To take in a larger frame may be what ended the other side. */
const harmlessBytes = 64 * 1024;

/** Frames over a socket. Whoever made the connection owns it and calls {@link Connection.close}. */
export class Connection {
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  #events: ConnectionEvents;
  #error: Error | null = null;
  #isClosed = false;
  #soon: Uint8Array[] = [];
  #sent = 0;
  #lastBytes = 0;
  #onBytes: ((chunk: Buffer) => void) | null = null;

  constructor(socket: Socket, events: ConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on("data", (chunk: Buffer) => {
      this.#receive(chunk);
    });
    socket.on("error", (error) => (this.#error ??= error));
    socket.on("close", () => {
      this.#isClosed = true;
      this.#events.onClose(this.#error);
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** How many frames were sent: right after one was, its place among them. */
  get sent(): number {
    return this.#sent;
  }

  /**
   * Once it has closed: whether the other side went without having read the frame at that place, or all of it. Only of the
   * last one can that be told.
   */
  wasUnread(place: number): boolean {
    if (!this.#isClosed || place !== this.#sent || this.#lastBytes > harmlessBytes) return false;
    if (this.#soon.length > 0 || this.#socket.writableLength > 0) return true;
    return this.#error !== null && "code" in this.#error && unreadCodes.has(this.#error.code);
  }

  /** Hands the connection to another listener: what comes from now on goes there, also the news that it has ended already. */
  handOver(events: ConnectionEvents): void {
    this.#events = events;
    if (!this.#isClosed) return;
    queueMicrotask(() => {
      events.onClose(this.#error);
    });
  }

  /** From now on what comes is not frames but bytes: what a script writes. Nothing has come behind the HELLO yet. */
  readBytes(onBytes: (chunk: Buffer) => void): void {
    this.#onBytes = onBytes;
  }

  /** Takes nothing in until {@link Connection.resume}: whoever sends has to wait. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  send(frame: OutgoingFrame): void {
    if (this.#isClosed) return;
    this.#write(this.#encode(frame));
  }

  /** Sends with everything else that is to be sent before the process waits again: one write for all of it. */
  sendSoon(frame: OutgoingFrame): void {
    if (this.#isClosed) return;
    const pieces = this.#encode(frame);
    if (this.#soon.length === 0) {
      setImmediate(() => {
        this.#write([]);
      });
    }
    this.#soon.push(...pieces);
  }

  #encode(frame: OutgoingFrame): readonly Uint8Array[] {
    const pieces = encodeFrame(frame);
    this.#sent += 1;
    this.#lastBytes = sizeOf(pieces);
    return pieces;
  }

  /** What was to be sent soon goes first. */
  #write(pieces: readonly Uint8Array[]): void {
    if (this.#isClosed) return;
    const all = this.#soon.length === 0 ? pieces : [...this.#soon, ...pieces];
    this.#soon = [];
    const bytes = sizeOf(all);
    // One buffer costs less to hand over than a list of small ones.
    if (all.length > 1 && bytes <= joinedBytes) this.#socket.write(Buffer.concat(all, bytes));
    else this.#writeEach(all);
  }

  #writeEach(pieces: readonly Uint8Array[]): void {
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#onBytes !== null) {
      this.#onBytes(chunk);
      return;
    }
    try {
      for (const frame of this.#reader.push(chunk)) this.#events.onFrame(frame);
    } catch (error) {
      this.#error ??=
        error instanceof FrameError
          ? error
          : new FrameError("A frame could not be handled.", { cause: error });
      this.#socket.destroy();
    }
  }
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.byteLength;
  return bytes;
}
