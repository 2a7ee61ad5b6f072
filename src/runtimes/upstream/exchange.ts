import type { BackendCall, BackendOutcome, BackendRequest } from "../../core/ports/backend.ts";
import { BodyStream } from "./body-stream.ts";
import type { RequestHead } from "./request-head.ts";
import type { ResponseHead } from "./response-head.ts";

/** Answers up to this many bytes are handed on in one piece. */
const smallBytes = 64 * 1024;

/** Asking twice is the same as asking once (RFC 9110, 9.2.2). */
const idempotentMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);

/** The connection that an exchange is on. */
export interface Carrier {
  pause(): void;
  resume(): void;
  destroy(): void;
}

/** One request and its answer: small ones whole, others as they come. */
export class Exchange implements BackendCall {
  readonly outcome: Promise<BackendOutcome>;
  readonly request: BackendRequest;
  readonly head: RequestHead;
  readonly #settle: (outcome: BackendOutcome) => void;
  #carrier: Carrier | null = null;
  #status = 0;
  #headers: readonly string[] = [];
  #isHeard = false;
  #isOver = false;
  #whole: Buffer | null = null;
  #size = 0;
  #stream: BodyStream | null = null;

  constructor(request: BackendRequest, head: RequestHead) {
    this.request = request;
    this.head = head;
    const { promise, resolve } = Promise.withResolvers<BackendOutcome>();
    this.outcome = promise;
    this.#settle = resolve;
  }

  /** Whether it can be sent again after a connection was closed under it: nobody has answered, and twice does no harm. */
  get isRepeatable(): boolean {
    const { body, method } = this.request;
    return !this.#isHeard && !this.#isOver && body instanceof Uint8Array && idempotentMethods.has(method);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  begin(carrier: Carrier): void {
    this.#carrier = carrier;
  }

  cancel(): void {
    if (this.#isOver) return;
    this.fail({ kind: "failed", reason: "cancelled" });
    this.#carrier?.destroy();
  }

  /** Some of an answer has come. */
  heard(): void {
    this.#isHeard = true;
  }

  onHead({ status, headers, framing }: ResponseHead): void {
    this.#status = status;
    this.#headers = headers;
    if (framing.kind === "length" && framing.bytes <= smallBytes) {
      this.#whole = Buffer.allocUnsafe(framing.bytes);
      return;
    }
    this.#stream = new BodyStream({
      pause: () => this.#carrier?.pause(),
      resume: () => this.#carrier?.resume(),
      cancel: () => {
        this.cancel();
      },
    });
    this.#answer(this.#stream);
  }

  /** The bytes are somebody else's afterwards. */
  onData(bytes: Buffer): void {
    if (this.#whole === null) {
      this.#stream?.push(Buffer.from(bytes));
      return;
    }
    this.#whole.set(bytes, this.#size);
    this.#size += bytes.length;
  }

  finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // It may carry another exchange before this one's answer is read.
    this.#carrier = null;
    if (this.#whole === null) this.#stream?.end(null);
    else this.#answer(this.#whole);
  }

  fail(outcome: Exclude<BackendOutcome, { kind: "answered" }>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stream?.end(new Error(outcome.reason));
    this.#settle(outcome);
  }

  #answer(body: Uint8Array | BodyStream): void {
    this.#settle({ kind: "answered", status: this.#status, headers: this.#headers, body });
  }
}
