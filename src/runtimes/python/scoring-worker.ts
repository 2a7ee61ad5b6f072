import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock, Timer } from "../../core/ports/clock.ts";
import type {
  ScoringAnswer,
  ScoringCall,
  ScoringOutcome,
  ScoringScript,
} from "../../core/ports/scoring-runner.ts";
import { AnswerStream } from "./answer-stream.ts";
import { Commands } from "./commands.ts";
import type { Connection } from "./connection.ts";
import { type Frame, FrameError } from "./frames.ts";
import {
  type LoadedScript,
  readAnswerHead,
  readError,
  readObject,
  readScript,
  readString,
} from "./messages.ts";

/** How long after its time a call may still answer: the worker ends it itself, unless C code holds it. */
const overdueGraceMs = 1000;

export interface ScoringWorkerOptions {
  readonly data: Connection;
  readonly lifeline: Connection;
  readonly pid: number;
  readonly clock: Clock;
  /** Called once, after every call under way has been settled. */
  readonly onGone: () => void;
}

/** A worker, before and after it ends. */
export interface ForkedWorker {
  readonly worker: ScoringWorker;
  /** As `exit code 3`; resolves when nothing of it is left. */
  readonly exited: Promise<string>;
}

/** What a script is loaded from. */
export interface ScriptOrder {
  readonly appRoot: string;
  readonly folder: string;
  readonly entryScript: string | null;
  readonly isRunOptional: boolean;
  readonly memoryBytes: number | null;
}

interface CallUnderWay {
  readonly resolve: ScoringReply;
  /** Its frame's place among all that were sent. */
  readonly place: number;
  startedAt: number;
  stream: StreamUnderWay | null;
  /** Nobody waits for the answer. */
  isLeft: boolean;
}

interface StreamUnderWay {
  readonly pieces: AnswerStream;
  readonly ended: () => void;
}

/** Called once; where the answer is a stream, `streamed` resolves when all of it has come or nothing more will. */
export type ScoringReply = (outcome: ScoringOutcome, streamed?: Promise<unknown>) => void;

/** One process with one script. Calls are answered in their order, one at a time. */
export class ScoringWorker {
  readonly pid: number;
  readonly #options: ScoringWorkerOptions;
  readonly #commands: Commands;
  readonly #calls = new Map<number, CallUnderWay>();
  readonly #documents = new Map<string, string>();
  #script: ScoringScript | null = null;
  #watch: Timer | null = null;
  #isGone = false;
  #hasAnswered = false;
  /** It has said that it answers no further calls. */
  #isLeaving = false;

  constructor(options: ScoringWorkerOptions) {
    this.pid = options.pid;
    this.#options = options;
    this.#commands = new Commands(options.data);
    options.data.handOver({
      onFrame: (frame) => {
        this.#receive(frame);
      },
      onClose: () => {
        this.#gone();
      },
    });
  }

  get isGone(): boolean {
    return this.#isGone || this.#isLeaving;
  }

  /** Calls that it has been sent and has not answered. */
  get outstanding(): number {
    return this.#calls.size;
  }

  /** Imports the script and runs its init(); rejects with what went wrong there. */
  async load({ appRoot, folder, ...order }: ScriptOrder): Promise<LoadedScript> {
    const header = {
      model: 1,
      name: "script",
      version: null,
      runtime: "scoring",
      artifact: appRoot,
      folder,
      extra: {
        entry_script: order.entryScript,
        run_optional: order.isRunOptional,
        memory_bytes: order.memoryBytes,
      },
    };
    const loaded = readScript(await this.#commands.request("load", header), this.#documents);
    this.#script = loaded.script;
    return loaded;
  }

  /** Sends a call; the id is for {@link ScoringWorker.cancel}. */
  score(call: ScoringCall, resolve: ScoringReply): number {
    const id = this.#commands.takeId();
    const { method, target, headers, contentType, body } = call;
    const isPlain = method === "POST" && this.#script?.input !== "raw" && this.#script?.takesHeaders !== true;
    const header = {
      method: "score",
      ...(isPlain ? {} : { request: { method, target, headers } }),
      parts: [{ type: "opaque", content_type: contentType, headers: {}, bytes: body.byteLength }],
    };
    try {
      const frame = { kind: "call", id, header, payload: [body] } as const;
      // As with handlers: what has to wait for another call anyway may travel with others.
      if (this.#calls.size === 0) this.#options.data.send(frame);
      else this.#options.data.sendSoon(frame);
    } catch (error) {
      // No other process could be sent it either.
      resolve({ kind: "answered", answer: tooLarge(ServingError.from(error).message) });
      return id;
    }
    const { clock, data } = this.#options;
    this.#calls.set(id, {
      resolve,
      place: data.sent,
      startedAt: clock.now(),
      stream: null,
      isLeft: false,
    });
    this.#watchHead();
    return id;
  }

  /** A call that has not begun never does; one that runs is run to its end, and its answer dropped. */
  cancel(id: number): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    call.isLeft = true;
    call.stream?.pieces.leave();
    this.#options.data.send({ kind: "cancel", id, header: {} });
  }

  /** Lets it end by itself: what the script registered for its end is run. */
  dismiss(): void {
    this.#options.data.close();
  }

  /** Ends it at once, with everything that it has started. */
  kill(): void {
    this.#options.data.close();
    this.#options.lifeline.close();
  }

  #receive(frame: Frame): void {
    if (frame.kind === "chunk") {
      if (frame.id === 0) this.#takeDocument(frame);
      else this.#chunk(frame);
    } else if (frame.kind === "end") {
      if (!this.#commands.settle(frame)) this.#end(frame);
    } else if (frame.kind !== "log" && frame.kind !== "metric") {
      throw new FrameError(`A scoring worker sent ${frame.kind}.`);
    }
  }

  #takeDocument({ header, payload }: Frame): void {
    const version = readString(readObject(header, "header"), "document");
    this.#documents.set(version, payload.toString("utf8"));
  }

  #chunk({ id, header, payload, isLast }: Frame): void {
    const call = this.#calls.get(id);
    if (call === undefined) throw new FrameError(`A chunk for call ${String(id)}, which is not under way.`);
    const head = readAnswerHead(header);
    if (head?.isLeaving === true) {
      this.#isLeaving = true;
      // It waits for this: only now is its last answer sure to have come.
      this.#options.data.close();
    }
    if (isLast && head !== undefined) {
      this.#settled(id);
      call.resolve({ kind: "answered", answer: { ...head.answer, body: payload } });
    } else if (head !== undefined) this.#beginStream(call, head.answer);
    else call.stream?.pieces.push(payload);
  }

  #beginStream(call: CallUnderWay, answer: Omit<ScoringAnswer, "body">): void {
    const pieces = new AnswerStream(this.#options.data);
    const { promise: streamed, resolve } = Promise.withResolvers<undefined>();
    const ended = (): void => {
      resolve(undefined);
    };
    call.stream = { pieces, ended };
    if (call.isLeft) pieces.leave();
    call.resolve({ kind: "answered", answer: { ...answer, body: pieces } }, streamed);
  }

  #end({ id, header }: Frame): void {
    const call = this.#calls.get(id);
    if (call === undefined) throw new FrameError(`An end for call ${String(id)}, which is not under way.`);
    const error = readError(header);
    this.#settled(id);
    call.stream?.pieces.end(error);
    call.stream?.ended();
    if (call.stream === null) call.resolve({ kind: "not-started", reason: "the caller went away" });
  }

  #settled(id: number): void {
    this.#calls.delete(id);
    this.#hasAnswered = true;
    const [next] = this.#calls.values();
    if (next !== undefined) next.startedAt = this.#options.clock.now();
  }

  /** One timer for all calls: it looks at the one that runs, and goes on while there is one. */
  #watchHead(): void {
    const [head] = this.#calls.values();
    if (this.#watch !== null || head === undefined || this.#script === null) return;
    const { clock } = this.#options;
    const limitMs = this.#script.timeoutMs + overdueGraceMs;
    const leftMs = Math.max(1, head.startedAt + limitMs - clock.now());
    this.#watch = clock.schedule(leftMs, () => {
      this.#watch = null;
      const [oldest] = this.#calls.values();
      if (oldest?.stream === null && clock.now() - oldest.startedAt >= limitMs) {
        oldest.resolve({ kind: "overdue" });
        this.kill();
      } else this.#watchHead();
    });
  }

  #gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#watch?.cancel();
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    const reason = "the process that ran the script ended";
    for (const [index, call] of calls.entries()) {
      call.stream?.pieces.end(new ServingError("WORKER_DIED", reason));
      call.stream?.ended();
      call.resolve(
        index === 0 && this.#wasBegun(call) ? { kind: "crashed", reason } : { kind: "not-started", reason },
      );
    }
    this.#commands.failAll(new ServingError("WORKER_DIED", reason));
    this.#options.onGone();
  }

  /** Not if it ended before it had read the call; one that never answers would be sent the same ones for ever. */
  #wasBegun({ place }: CallUnderWay): boolean {
    if (this.#isLeaving) return false;
    return !this.#hasAnswered || !this.#options.data.wasUnread(place);
  }
}

/** What a script's server says to a body that is larger than it takes. */
function tooLarge(message: string): ScoringAnswer {
  const headers = ["content-type", "application/json"];
  const body = Buffer.from(JSON.stringify({ message }));
  return { status: 413, headers, body, hasFailed: false, runMs: null };
}
