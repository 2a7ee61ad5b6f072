import { ServingError } from "../../contracts/serving-error.ts";
import type { BackendBody, BackendOutcome } from "../../core/ports/backend.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { handedOn, passedHeaders } from "./content-type.ts";
import type { Stage } from "./stage.ts";

export interface ChainOptions {
  readonly clock: Clock;
  /** How long one container has for its answer. */
  readonly timeoutMs: number;
  /** What all but the last are asked to answer with; null: they choose themselves. */
  readonly defaultAccept: string | null;
  readonly maxBodyBytes: number;
}

export interface ChainRequest {
  /** Name and value in turn, as they came. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
  /** Settles when nobody waits for the answer any more. */
  readonly left: AbortSignal;
}

export interface ChainAnswer {
  readonly status: number;
  /** Name and value in turn. */
  readonly headers: readonly string[];
  readonly body: BackendBody;
  /** How long each of them took, in order. */
  readonly latencies: readonly StageLatency[];
  /** The container whose answer this is. */
  readonly stage: string;
}

interface StageLatency {
  readonly name: string;
  readonly ms: number;
}

type Answered = Extract<BackendOutcome, { kind: "answered" }>;

interface StageRequest {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  readonly left: AbortSignal;
  /** Its answer is the caller's. */
  readonly isLast: boolean;
}

/** An answer that goes to the caller, as it comes; or one that the next container is asked, whole. */
type StageAnswer =
  | { readonly kind: "last"; readonly answered: Answered }
  | { readonly kind: "handed on"; readonly answered: Answered; readonly body: Uint8Array };

/**
 * A serial inference pipeline: the body that one container answers is what the next is asked, under the type that it
 * came with. The caller's own wish is for the last. What is no success ends the chain and is the answer.
 */
export class Chain {
  readonly #options: ChainOptions;

  constructor(options: ChainOptions) {
    this.#options = options;
  }

  /** @throws ServingError UNREACHABLE, DEADLINE_EXCEEDED, CANCELLED, PAYLOAD_TOO_LARGE */
  async run(request: ChainRequest, stages: readonly Stage[]): Promise<ChainAnswer> {
    const { clock, defaultAccept } = this.#options;
    const headers = passedHeaders(request.headers);
    const latencies: StageLatency[] = [];
    const wish = headers.get("accept");
    let body = request.body;
    for (const [index, stage] of stages.entries()) {
      const isLast = index === stages.length - 1;
      const accept = isLast ? wish : (defaultAccept ?? undefined);
      if (accept === undefined) headers.delete("accept");
      else headers.set("accept", accept);
      const startedAt = clock.now();
      const answer = await this.#ask(stage, { headers, body, left: request.left, isLast });
      latencies.push({ name: stage.name, ms: clock.now() - startedAt });
      if (answer.kind === "last") return { ...answer.answered, latencies, stage: stage.name };
      body = answer.body;
      const type = headerOf(answer.answered.headers, "content-type");
      if (type === undefined) headers.delete("content-type");
      else headers.set("content-type", handedOn(type));
    }
    throw new ServingError("INTERNAL", "A pipeline has at least one container.");
  }

  /** Its time, and the caller's patience, hold until there is all that the next container is asked. */
  async #ask(stage: Stage, { headers, body, left, isLast }: StageRequest): Promise<StageAnswer> {
    const { clock, timeoutMs } = this.#options;
    const call = stage.backend.call({
      method: "POST",
      target: stage.target,
      headers: [...headers].flat(),
      body,
    });
    const waiting = { isLate: false };
    const cancel = (): void => {
      call.cancel();
    };
    const timer = clock.schedule(timeoutMs, () => {
      waiting.isLate = true;
      cancel();
    });
    left.addEventListener("abort", cancel);
    try {
      const answered = await call.outcome;
      if (answered.kind !== "answered") throw new Error(answered.reason);
      if (isLast || !isSuccess(answered)) return { kind: "last", answered };
      return { kind: "handed on", answered, body: await this.#collect(answered.body) };
    } catch (error) {
      if (error instanceof ServingError) throw error;
      if (left.aborted) throw new ServingError("CANCELLED", "The caller went away.", {}, { cause: error });
      throw unanswered(stage, ServingError.from(error).message, waiting.isLate ? timeoutMs : null);
    } finally {
      timer.cancel();
      left.removeEventListener("abort", cancel);
    }
  }

  async #collect(body: BackendBody): Promise<Uint8Array> {
    if (body instanceof Uint8Array) return body;
    const { maxBodyBytes } = this.#options;
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of body) {
      size += chunk.byteLength;
      if (size > maxBodyBytes) {
        throw new ServingError(
          "PAYLOAD_TOO_LARGE",
          `A container answered more than ${String(maxBodyBytes)} bytes.`,
          {
            limitBytes: maxBodyBytes,
          },
        );
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  }
}

function isSuccess({ status }: Answered): boolean {
  return status >= 200 && status < 300;
}

/** @param headers names in lower case */
function headerOf(headers: readonly string[], name: string): string | undefined {
  const at = headers.findIndex((text, index) => index % 2 === 0 && text === name);
  return at === -1 ? undefined : headers[at + 1];
}

function unanswered({ name, where }: Stage, reason: string, lateAfterMs: number | null): ServingError {
  if (lateAfterMs === null) {
    return new ServingError("UNREACHABLE", `The container ${name} (${where}) did not answer: ${reason}.`, {
      hint: `Is it up? Its /ping says so.`,
    });
  }
  const seconds = String(lateAfterMs / 1000);
  return new ServingError("DEADLINE_EXCEEDED", `The container ${name} took more than ${seconds} s.`, {
    hint: "A container has this long for its answer: --timeout.",
  });
}
