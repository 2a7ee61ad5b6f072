import { readFile } from "node:fs/promises";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type {
  HandlerLaunch,
  HandlerOutcome,
  HandlerProcess,
  HandlerRequest,
} from "../../core/ports/handler-launcher.ts";
import type { InstanceEnd } from "../../core/ports/instance-launcher.ts";
import { AnswerStream } from "./answer-stream.ts";
import { Commands } from "./commands.ts";
import type { ForkedProcess } from "./forked-environment.ts";
import { type Frame, FrameError } from "./frames.ts";
import { callFrame, readBatchAnswer, readLoadedHandler } from "./handler-messages.ts";
import { readError } from "./messages.ts";

interface BatchUnderWay {
  readonly size: number;
  readonly resolve: (outcome: HandlerOutcome) => void;
  /** Its frame's place among all that were sent. */
  readonly place: number;
  /** Set once its answer has begun to come in pieces. */
  stream: StreamUnderWay | null;
}

interface StreamUnderWay {
  readonly pieces: AnswerStream;
  readonly ended: () => void;
}

const kibibyte = 1024;

/** Batches that may lie in its socket beside the one that it runs. */
const heldBatches = 7;

/** One process with one handler. */
export class HandlerWorker implements HandlerProcess {
  readonly window = 1 + heldBatches;
  readonly pid: number;
  readonly ended: Promise<InstanceEnd>;
  readonly #process: ForkedProcess;
  readonly #clock: Clock;
  readonly #commands: Commands;
  #startedAt = 0;
  /** In the order they were sent, which is the order they are run in. */
  readonly #batches = new Map<number, BatchUnderWay>();
  #idle: (() => void) | null = null;
  #isAsked = false;
  #hasAnswered = false;
  #stopping: Promise<void> | null = null;

  constructor(process: ForkedProcess, clock: Clock) {
    this.pid = process.pid;
    this.#process = process;
    this.#clock = clock;
    this.#commands = new Commands(process.data);
    this.ended = process.exited.then((end) => ({
      reason: this.#isAsked ? "it was stopped" : end,
      isHopeless: false,
    }));
    process.data.handOver({
      onFrame: (frame) => {
        this.#receive(frame);
      },
      onClose: () => {
        this.#gone();
      },
    });
  }

  get startedAt(): number {
    return this.#startedAt;
  }

  /** Imports the handler and lets it load its model; resolves with the modules that it needed. */
  async load(launch: HandlerLaunch): Promise<readonly string[]> {
    const { modelName, modelFolder, handler, manifest, batchSize, gpuId, decodesInput, variables } = launch;
    const header = {
      model: 1,
      name: modelName,
      version: null,
      runtime: "handler",
      artifact: modelFolder,
      folder: modelFolder,
      extra: {
        handler,
        manifest,
        batch_size: batchSize,
        gpu_id: gpuId,
        decodes_input: decodesInput,
        installs_requirements: launch.installsRequirements ?? true,
        variables,
      },
    };
    const modules = readLoadedHandler(await this.#commands.request("load", header));
    this.#startedAt = Date.now();
    return modules;
  }

  run(batch: readonly HandlerRequest[]): Promise<HandlerOutcome> {
    const { data } = this.#process;
    if (data.isClosed) return Promise.resolve({ kind: "not-started" });
    const id = this.#commands.takeId();
    const frame = callFrame(id, batch);
    return new Promise((resolve) => {
      try {
        // One that has nothing to do begins at once; what others wait for anyway may travel together.
        if (this.#batches.size === 0) data.send(frame);
        else data.sendSoon(frame);
      } catch (error) {
        resolve(failedBy(ServingError.from(error).message));
        return;
      }
      this.#batches.set(id, { size: batch.length, resolve, place: data.sent, stream: null });
    });
  }

  async memoryBytes(): Promise<number> {
    // Asking the process would have to wait for what it runs.
    const text = await readFile(`/proc/${String(this.pid)}/smaps_rollup`, "utf8").catch(() => "");
    const sizes = [...text.matchAll(/^Private_\w+:\s+(\d+) kB$/gmu)];
    return sizes.reduce((sum, [, size]) => sum + Number(size) * kibibyte, 0);
  }

  kill(): void {
    this.#isAsked = true;
    this.#process.data.close();
    this.#process.lifeline.close();
  }

  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  async #stop(graceMs: number): Promise<void> {
    const timer = this.#clock.schedule(Math.max(0, graceMs), () => {
      this.kill();
    });
    if (this.#batches.size > 0) {
      const idle = new Promise<void>((resolve) => (this.#idle = resolve));
      await Promise.race([idle, this.ended]);
    }
    this.#isAsked = true;
    // It leaves by itself, with what its handler has registered for that.
    this.#process.data.close();
    await this.ended;
    timer.cancel();
    this.kill();
  }

  #receive(frame: Frame): void {
    if (frame.kind === "chunk") this.#chunk(frame);
    else if (frame.kind === "end") {
      if (!this.#commands.settle(frame)) this.#endStream(frame);
    } else if (frame.kind !== "log" && frame.kind !== "metric") {
      throw new FrameError(`A handler's process sent ${frame.kind}.`);
    }
  }

  #chunk(frame: Frame): void {
    const { id, isLast, payload } = frame;
    const batch = this.#batches.get(id);
    if (batch === undefined) throw new FrameError(`A chunk for call ${String(id)}, which is not under way.`);
    if (isLast) this.#answer(frame, batch);
    else if (batch.stream === null) this.#beginStream(frame, batch);
    else batch.stream.pieces.push(payload);
  }

  /** A head without a body; the body follows. */
  #beginStream({ header }: Frame, batch: BatchUnderWay): void {
    const outcome = readBatchAnswer(header, Buffer.alloc(0));
    const [item] = outcome.kind === "answered" ? outcome.items : [];
    if (item === undefined || batch.size !== 1) throw new FrameError("Only one answer can be a stream.");
    const pieces = new AnswerStream(this.#process.data);
    const { promise: streamed, resolve } = Promise.withResolvers<undefined>();
    const ended = (): void => {
      resolve(undefined);
    };
    batch.stream = { pieces, ended };
    batch.resolve({ kind: "answered", items: [{ ...item, body: pieces }], streamed });
  }

  #endStream({ id, header }: Frame): void {
    const stream = this.#batches.get(id)?.stream;
    const error = readError(header);
    if (stream === undefined || stream === null) throw error ?? new FrameError("A stray end.");
    this.#batches.delete(id);
    stream.pieces.end(error);
    stream.ended();
    if (this.#batches.size === 0) this.#idle?.();
  }

  #answer({ id, header, payload }: Frame, batch: BatchUnderWay): void {
    const outcome = readBatchAnswer(header, payload);
    if (outcome.kind === "answered" && outcome.items.length !== batch.size) {
      throw new FrameError("A batch has another number of answers than requests.");
    }
    this.#batches.delete(id);
    this.#hasAnswered = true;
    batch.resolve(outcome);
    if (this.#batches.size === 0) this.#idle?.();
  }

  #gone(): void {
    this.#process.closed();
    // One that was told to stop leaves by itself.
    if (this.#stopping === null) this.#process.lifeline.close();
    this.#commands.failAll(new ServingError("WORKER_DIED", "The process of the handler ended."));
    const [running, ...held] = this.#batches.values();
    this.#batches.clear();
    for (const { resolve } of held) resolve({ kind: "not-started" });
    running?.stream?.pieces.end(new ServingError("WORKER_DIED", "The process of the handler ended."));
    running?.stream?.ended();
    if (running === undefined) return;
    if (this.#wasBegun(running)) void this.#crashed().then(running.resolve);
    else running.resolve({ kind: "not-started" });
  }

  /** Not if it ended before it had read the batch; one that never answers would be sent the same ones for ever. */
  #wasBegun({ place }: BatchUnderWay): boolean {
    return !this.#hasAnswered || !this.#process.data.wasUnread(place);
  }

  /** How it ended is known a moment later. */
  async #crashed(): Promise<HandlerOutcome> {
    const { reason } = await this.ended;
    return { kind: "crashed", reason };
  }
}

function failedBy(message: string): HandlerOutcome {
  return { kind: "failed", status: 500, message, type: "InternalServerException" };
}
