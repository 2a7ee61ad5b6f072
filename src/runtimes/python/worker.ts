import { ServingError } from "../../contracts/serving-error.ts";
import type { ModelSpec } from "../../core/models/model-spec.ts";
import type { LogLevel } from "../../core/ports/logger.ts";
import type { BatchOutcome } from "../../core/ports/runtime.ts";
import type { Batch } from "../../core/scheduling/batch.ts";
import { dataBytes, type Payload, type Tensor } from "../../core/tensors/tensor.ts";
import { Commands } from "./commands.ts";
import type { Connection } from "./connection.ts";
import { type Frame, FrameError } from "./frames.ts";
import {
  type LoadedModule,
  readComputeMs,
  readError,
  readLoaded,
  readNumber,
  readObject,
  readString,
  readTensors,
} from "./messages.ts";

interface CallUnderWay {
  readonly sentAt: number;
  readonly resolve: (outcome: BatchOutcome) => void;
  readonly outputs: Tensor[];
  /** The command ahead of it, which the worker had not answered when this was sent. */
  readonly behind: number | null;
  /** Its frame's place among all that were sent. */
  readonly place: number;
}

export interface WorkerEvents {
  readonly onLog: (level: LogLevel, message: string) => void;
  /** Called once, after every call and command under way has been settled. */
  readonly onGone: () => void;
}

/** One worker process: calls and commands go in, answers come back in the order of the calls. */
export class Worker {
  readonly pid: number;
  readonly #connection: Connection;
  readonly #lifeline: Connection;
  readonly #commands: Commands;
  readonly #events: WorkerEvents;
  readonly #calls = new Map<number, CallUnderWay>();
  #lastAnswerAt = 0;
  #isGone = false;

  constructor(
    connections: { readonly data: Connection; readonly lifeline: Connection },
    pid: number,
    events: WorkerEvents,
  ) {
    this.pid = pid;
    this.#connection = connections.data;
    this.#lifeline = connections.lifeline;
    this.#events = events;
    this.#commands = new Commands(this.#connection);
    this.#connection.handOver({
      onFrame: (frame) => {
        this.#receive(frame);
      },
      onClose: (error) => {
        this.#gone(error);
      },
    });
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  async load(model: number, spec: ModelSpec): Promise<LoadedModule> {
    const { name, version, runtime, artifact, folder, extra } = spec;
    const header = { model, name, version, runtime, artifact, folder, extra };
    return readLoaded(await this.#commands.request("load", header));
  }

  /** Resolves with the private bytes that the process holds afterwards. */
  async unload(model: number): Promise<number> {
    const result = await this.#commands.request("unload", { model });
    return readNumber(readObject(result, "result"), "private_bytes");
  }

  run(model: number, batch: Batch): Promise<BatchOutcome> {
    if (this.#isGone) return Promise.resolve({ kind: "not-started" });
    return new Promise((resolve) => {
      const id = this.#commands.takeId();
      const { outputs, parameters, payload } = batch;
      const header = {
        model,
        method: "infer",
        outputs,
        parameters: parameters ?? {},
        parts: partsOf(payload),
      };
      try {
        this.#connection.send({ kind: "call", id, header, payload: bytesOf(payload) });
        const behind = this.#commands.newest;
        const { sent: place } = this.#connection;
        this.#calls.set(id, { sentAt: performance.now(), resolve, outputs: [], behind, place });
      } catch (error) {
        const { message } = ServingError.from(error);
        resolve({ kind: "failed", error: new ServingError("PAYLOAD_TOO_LARGE", message) });
      }
    });
  }

  /** Ends the process: an idle one leaves by itself, a busy one is killed by the kernel through its lifeline. */
  stop(): void {
    this.#connection.close();
    this.#lifeline.close();
  }

  /** Ends the process at once, whatever it is doing. */
  kill(): void {
    try {
      process.kill(this.pid, "SIGKILL");
    } catch {
      // It has ended by itself meanwhile.
    }
    this.stop();
  }

  #receive(frame: Frame): void {
    switch (frame.kind) {
      case "chunk":
        this.#chunk(frame);
        return;
      case "end":
        if (!this.#commands.settle(frame)) this.#end(frame);
        return;
      case "log": {
        const fields = readObject(frame.header, "log");
        this.#events.onLog(levelOf(readString(fields, "level")), readString(fields, "message"));
        return;
      }
      case "metric":
        return;
      case "hello":
      case "call":
      case "cancel":
      case "load":
      case "unload":
      case "health":
      case "fork":
      case "exited":
      case "import":
        throw new FrameError(`A worker sent ${frame.kind}.`);
    }
  }

  #chunk(frame: Frame): void {
    const call = this.#calls.get(frame.id);
    if (call === undefined)
      throw new FrameError(`A chunk for call ${String(frame.id)}, which is not under way.`);
    call.outputs.push(...readTensors(frame.header, frame.payload));
    if (!frame.isLast) return;
    const computeMs = this.#answered(frame.id, call, readComputeMs(frame.header));
    call.resolve({ kind: "done", result: { outputs: call.outputs }, computeMs });
  }

  #end(frame: Frame): void {
    const call = this.#calls.get(frame.id);
    if (call === undefined)
      throw new FrameError(`An end for call ${String(frame.id)}, which is not under way.`);
    const error = readError(frame.header);
    const computeMs = this.#answered(frame.id, call, null);
    if (error === undefined) call.resolve({ kind: "done", result: { outputs: call.outputs }, computeMs });
    else call.resolve({ kind: "failed", error });
  }

  /** Compute time: what the worker said, else the time since it could have started with this call. */
  #answered(id: number, call: CallUnderWay, saidMs: number | null): number {
    this.#calls.delete(id);
    const now = performance.now();
    const startedAt = Math.max(call.sentAt, this.#lastAnswerAt);
    this.#lastAnswerAt = now;
    return saidMs ?? now - startedAt;
  }

  /** A worker does one thing at a time: only the oldest call can have been running. */
  #gone(reason: Error | null): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#lifeline.close();
    const error = new ServingError(
      "WORKER_DIED",
      "The worker process ended during the call.",
      {
        hint: "The same request may work when it is sent again. The server's log says how the process ended.",
      },
      reason === null ? undefined : { cause: reason },
    );
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    const [oldest] = calls;
    const wasAtCall = oldest !== undefined && !this.#isBehindCommand(oldest);
    for (const [index, call] of calls.entries()) {
      call.resolve(
        index === 0 && this.#wasBegun(call) ? { kind: "crashed", error } : { kind: "not-started" },
      );
    }
    this.#commands.failAll(error, { wasAtCall });
    this.#events.onGone();
  }

  /** Not if it still was at a command, nor if it ended before it had read the call, as one that is killed while it is idle. */
  #wasBegun(call: CallUnderWay): boolean {
    if (this.#isBehindCommand(call)) return false;
    // One that never answers a call would be sent the same ones for ever.
    return this.#lastAnswerAt === 0 || !this.#connection.wasUnread(call.place);
  }

  #isBehindCommand({ behind }: CallUnderWay): boolean {
    return behind !== null && this.#commands.isWaiting(behind);
  }
}

function partsOf(payload: Payload): readonly object[] {
  if (payload.kind === "opaque") {
    const { contentType, headers, bytes } = payload;
    return [{ type: "opaque", content_type: contentType, headers, bytes: bytes.byteLength }];
  }
  return payload.tensors.map(({ name, datatype, shape, data, parameters }) => ({
    type: "tensor",
    name,
    datatype,
    shape,
    encoding: data.encoding,
    bytes: dataBytes(data),
    ...(parameters === undefined ? {} : { parameters }),
  }));
}

function bytesOf(payload: Payload): readonly Uint8Array[] {
  if (payload.kind === "opaque") return [payload.bytes];
  return payload.tensors.map(({ data }) => (data.encoding === "binary" ? data.bytes : data.text));
}

function levelOf(text: string): LogLevel {
  return text === "debug" || text === "warn" || text === "error" ? text : "info";
}
