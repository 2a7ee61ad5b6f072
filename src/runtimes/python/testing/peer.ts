import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection } from "../connection.ts";
import { encodeFrame, type Frame, FrameReader, type OutgoingFrame } from "../frames.ts";

/** The other end of a connection, in the place of a Python process. */
export class Peer {
  /** Ours. */
  readonly connection: Connection;
  /** What has come and nobody has taken. */
  readonly frames: Frame[] = [];
  readonly #socket: Socket;
  #news = Promise.withResolvers<undefined>();

  private constructor(ours: Socket, theirs: Socket) {
    this.connection = new Connection(ours, { onFrame: () => undefined, onClose: () => undefined });
    this.#socket = theirs;
    const reader = new FrameReader();
    theirs.on("error", () => undefined);
    theirs.on("data", (chunk: Buffer) => {
      this.frames.push(...reader.push(chunk));
      this.#tell();
    });
    theirs.on("close", () => {
      this.#tell();
    });
  }

  static async connected(): Promise<Peer> {
    const path = join(tmpdir(), `hostler-peer-${randomBytes(8).toString("hex")}.sock`);
    const server = createServer();
    server.listen(path);
    await once(server, "listening");
    const theirs = connect(path);
    const ours = await new Promise<Socket>((resolve) => server.once("connection", resolve));
    server.close();
    await rm(path, { force: true });
    return new Peer(ours, theirs);
  }

  /** Whether our end has closed. */
  get isClosed(): boolean {
    return this.#socket.closed;
  }

  /** The next frame of those that have not been taken; waits for it. */
  async next(): Promise<Frame> {
    for (;;) {
      const frame = this.frames.shift();
      if (frame !== undefined) return frame;
      if (this.isClosed) throw new Error("The connection has closed.");
      await this.#news.promise;
    }
  }

  async closed(): Promise<void> {
    while (!this.isClosed) await this.#news.promise;
  }

  /** Sends frames together; `isLast` sets their flag. */
  send(...frames: readonly (OutgoingFrame & { readonly isLast?: boolean })[]): void {
    const pieces = frames.flatMap(({ isLast = false, ...frame }) => {
      const bytes = Buffer.concat(encodeFrame(frame));
      bytes.writeUInt8(isLast ? 1 : 0, 13);
      return [bytes];
    });
    this.#socket.write(Buffer.concat(pieces));
  }

  /** From now on what comes stays where it is, as with a process that was killed and has not quite gone yet. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** As a process that ends. */
  end(): void {
    this.#socket.destroy();
  }

  #tell(): void {
    this.#news.resolve(undefined);
    this.#news = Promise.withResolvers<undefined>();
  }
}
