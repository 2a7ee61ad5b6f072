import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection } from "./connection.ts";
import { type Frame, protocolVersion } from "./frames.ts";
import { type Hello, readHello } from "./messages.ts";

/** What a newcomer is expected to be, and who takes it. */
export interface Guest {
  readonly roles: ReadonlySet<string>;
  readonly onArrival: (connection: Connection, hello: Hello) => void;
}

/** Whatever is sent on a lifeline may kill: docs/reference/worker-protocol.md. */
const silentRole = "lifeline";
/** A stranger has this long to say HELLO. */
const helloTimeoutMs = 10_000;

/**
 * The socket that all Python processes connect back to, in a directory only we may enter. Each presents the one-time
 * token that was given to it; all others are turned away.
 */
export class Reception {
  readonly socketPath: string;
  readonly #directory: string;
  readonly #server: Server;
  readonly #guests = new Map<string, { readonly guest: Guest; readonly missing: Set<string> }>();
  readonly #sockets = new Set<Socket>();

  private constructor(directory: string) {
    this.#directory = directory;
    this.socketPath = join(directory, "front.sock");
    this.#server = createServer((socket) => {
      this.#greet(socket);
    });
  }

  static async open(): Promise<Reception> {
    const directory = await mkdtemp(join(tmpdir(), "hostler-"));
    try {
      await chmod(directory, 0o700);
      const reception = new Reception(directory);
      await reception.#listen();
      return reception;
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** A token that lets one process in, once per role. */
  expect(guest: Guest): string {
    const token = randomBytes(24).toString("hex");
    this.#guests.set(token, { guest, missing: new Set(guest.roles) });
    return token;
  }

  /** Takes a token back from a process that will not come. */
  dismiss(token: string): void {
    this.#guests.delete(token);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#server.once("error", reject);
    this.#server.listen(this.socketPath, () => {
      resolve(undefined);
    });
    await promise;
  }

  #greet(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    const connection = new Connection(socket, {
      onFrame: (frame) => {
        clearTimeout(timer);
        this.#admit(connection, frame);
      },
      onClose: () => {
        clearTimeout(timer);
      },
    });
    const timer = setTimeout(() => {
      connection.close();
    }, helloTimeoutMs);
  }

  #admit(connection: Connection, frame: Frame): void {
    const hello = frame.kind === "hello" ? readHello(frame.header) : undefined;
    const expected = hello === undefined ? undefined : this.#guests.get(hello.token);
    if (hello?.protocol !== protocolVersion || expected?.missing.delete(hello.role) !== true) {
      connection.close();
      return;
    }
    if (expected.missing.size === 0) this.#guests.delete(hello.token);
    if (hello.role !== silentRole) {
      connection.send({ kind: "hello", id: 0, header: { protocol: protocolVersion } });
    }
    expected.guest.onArrival(connection, hello);
  }
}
