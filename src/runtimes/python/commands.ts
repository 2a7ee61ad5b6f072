import { ServingError } from "../../contracts/serving-error.ts";
import type { Connection } from "./connection.ts";
import type { Frame, FrameKind } from "./frames.ts";
import { readError, readObject } from "./messages.ts";

interface Waiting {
  /** Its frame's place among all that were sent. */
  readonly place: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: ServingError) => void;
}

/** Why a command fails whose process ended before it came to it: another process can be given it. */
export class UnbegunError extends ServingError {
  constructor() {
    super("WORKER_DIED", "The process ended before it came to this.");
  }
}

/** Commands to a Python process, each answered by one END with its id. */
export class Commands {
  readonly #connection: Connection;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #newest: number | null = null;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** An id that no call or command of this connection has. */
  takeId(): number {
    const id = this.#nextId;
    this.#nextId = id === 0xffffffff ? 1 : id + 1;
    return id;
  }

  /** The last command that was sent, if it has not been answered. */
  get newest(): number | null {
    return this.#newest !== null && this.#waiting.has(this.#newest) ? this.#newest : null;
  }

  isWaiting(id: number): boolean {
    return this.#waiting.has(id);
  }

  /** Sends a command; resolves with the END's `result`, rejects with its error. */
  request(kind: FrameKind, header: object): Promise<unknown> {
    // What ended before is failed at its end: nobody would come by for this one.
    if (this.#connection.isClosed)
      return Promise.reject(new ServingError("WORKER_DIED", "The process has ended."));
    const id = this.takeId();
    return new Promise((resolve, reject) => {
      this.#connection.send({ kind, id, header });
      this.#waiting.set(id, { place: this.#connection.sent, resolve, reject });
      this.#newest = id;
    });
  }

  /** Takes an END; false when no command waits for it. */
  settle(frame: Frame): boolean {
    const waiting = this.#waiting.get(frame.id);
    if (waiting === undefined) return false;
    // One that cannot be read ends the connection, and all that wait with it: this one must be among them still.
    const error = readError(frame.header);
    this.#waiting.delete(frame.id);
    if (error === undefined) waiting.resolve(readObject(frame.header, "header")["result"] ?? null);
    else waiting.reject(error);
    return true;
  }

  /** The process is gone: nothing will be answered. Where it was at a call, it had begun none of these. */
  failAll(error: ServingError, { wasAtCall = false } = {}): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const [index, { place, reject }] of waiting.entries()) {
      const wasBegun = index === 0 && !wasAtCall && !this.#connection.wasUnread(place);
      reject(wasBegun ? error : new UnbegunError());
    }
  }
}
