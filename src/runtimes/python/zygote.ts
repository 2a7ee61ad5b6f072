import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Logger } from "../../core/ports/logger.ts";
import { Commands } from "./commands.ts";
import type { Connection } from "./connection.ts";
import { type Interpreter, interpreterVersion, refuseOld } from "./interpreter.ts";
import { LineSplitter } from "./line-splitter.ts";
import { type Hello, readImportReport, readNumber, readObject } from "./messages.ts";
import { describeExit } from "./process-ends.ts";
import type { Reception } from "./reception.ts";

/** A Python that does not come up in this time is given up; a cold disk can take most of it. */
const startTimeoutMs = 60_000;
/** One that imports meanwhile does not see that it is dismissed. What it forked ends with its lifelines, not with it. */
const stopTimeoutMs = 250;

export interface ZygoteOptions {
  readonly interpreter: string;
  /** Absolute path of the worker package's `__main__.py`. */
  readonly program: string;
  /** Modules to import before anything is forked. */
  readonly imports: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly reception: Reception;
  readonly logger: Logger;
  /** Called once when the process has ended, wanted or not. */
  readonly onGone: () => void;
  /** Told how a worker that was forked here has ended. */
  readonly onExit?: (exit: WorkerExit) => void;
}

export interface WorkerExit {
  readonly pid: number;
  /** As `exit code 3` or `killed by SIGSEGV`. */
  readonly reason: string;
}

/** What a forked process is to be: one for models, one for a scoring script, or one for a handler. */
export type WorkerRole = "worker" | "scoring" | "handler";

/** The process of a Python environment that has imported the frameworks, and forks workers from what it imported. */
export class Zygote {
  readonly hello: Hello;
  readonly #child: ChildProcess;
  readonly #connection: Connection;
  readonly #commands: Commands;
  readonly #logger: Logger;
  readonly #exited: Promise<void>;

  private constructor(started: StartedZygote, { logger, onExit }: ZygoteOptions) {
    this.hello = started.hello;
    this.#child = started.child;
    this.#connection = started.connection;
    this.#exited = started.exited;
    this.#logger = logger;
    this.#commands = new Commands(started.connection);
    started.connection.handOver({
      onFrame: (frame) => {
        if (frame.kind === "exited") {
          const exit = this.#reportExit(frame.header);
          onExit?.(exit);
        } else if (frame.kind === "end" && frame.id === 0) this.#reportImports(frame.header);
        else if (frame.kind === "end") this.#commands.settle(frame);
      },
      onClose: () => {
        this.#commands.failAll(new ServingError("WORKER_DIED", "The zygote process ended."));
      },
    });
  }

  get pid(): number {
    return this.hello.pid;
  }

  /** Starts the process; rejects with ENVIRONMENT_UNUSABLE when it does not come up. */
  static async start(options: ZygoteOptions): Promise<Zygote> {
    const { reception, logger, interpreter } = options;
    const arrival = Promise.withResolvers<{ readonly connection: Connection; readonly hello: Hello }>();
    const token = reception.expect({
      roles: new Set(["zygote"]),
      onArrival: (connection, hello) => {
        arrival.resolve({ connection, hello });
      },
    });
    const child = spawn(interpreter, ["-u", options.program, "zygote"], {
      env: options.environment,
      stdio: ["pipe", "pipe", "pipe"],
      // A process group of its own: Ctrl-C in the terminal drains the front and must not end this one first.
      detached: true,
    });
    const exited = endOf(child, options.onGone);
    const line = { socket: reception.socketPath, token, imports: options.imports, worker: null };
    // One that could not be started may have no streams at all: where descriptors have run out.
    const output = child.pid === undefined ? () => "" : collectOutput(child, logger);
    if (child.pid !== undefined) tell(child, line);
    try {
      const arrived = await Promise.race([
        arrival.promise,
        failureOf(child, exited, { interpreter, output }),
      ]);
      const { python } = arrived.hello;
      if (python !== null) refuseOld(named(interpreter), python);
      return new Zygote({ ...arrived, child, exited }, options);
    } catch (error) {
      reception.dismiss(token);
      if (child.pid !== undefined) child.kill("SIGKILL");
      // One that is too old, or not there, says so best itself.
      await interpreterVersion(named(interpreter));
      throw error;
    }
  }

  /** Forks a worker that will present this token; resolves with its process id. */
  async fork(worker: number, token: string, role: WorkerRole = "worker"): Promise<number> {
    const result = await this.#commands.request("fork", { worker, token, role });
    return readNumber(readObject(result, "result"), "pid");
  }

  /** Imports more modules, so that workers forked from now on have them. */
  async import(modules: readonly string[]): Promise<void> {
    await this.#commands.request("import", { modules });
  }

  /** Closes its input: it kills what it forked and leaves. */
  async stop(): Promise<void> {
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), stopTimeoutMs);
    await this.#exited;
    clearTimeout(timer);
    this.#connection.close();
  }

  #reportExit(header: unknown): WorkerExit {
    const fields = readObject(header, "exited");
    const { worker, code, signal } = fields;
    const pid = readNumber(fields, "pid");
    this.#logger.debug("worker process ended", { worker, pid, code, signal });
    return { pid, reason: describeExit({ code, signal }) };
  }

  #reportImports(header: unknown): void {
    const { failed, importMs } = readImportReport(readObject(header, "end")["result"]);
    this.#logger.debug("frameworks imported", { import_ms: importMs, failed });
  }
}

interface StartedZygote {
  readonly hello: Hello;
  readonly connection: Connection;
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
}

function endOf(child: ChildProcess, onGone: () => void): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      resolve();
      onGone();
    };
    child.once("exit", end);
    child.once("error", end);
  });
}

/** The launch line; standard input stays open behind it. */
function tell({ stdin }: ChildProcess, line: object): void {
  stdin?.on("error", () => undefined);
  stdin?.write(`${JSON.stringify(line)}\n`);
}

/** Rejects when the process fails before it has said HELLO. */
async function failureOf(
  child: ChildProcess,
  exited: Promise<void>,
  { interpreter, output }: { readonly interpreter: string; readonly output: () => string },
): Promise<never> {
  const { promise: late, resolve } = Promise.withResolvers<"late">();
  const timer = setTimeout(() => {
    resolve("late");
  }, startTimeoutMs);
  const why = await Promise.race([exited, late]);
  clearTimeout(timer);
  const said = output();
  const how =
    why === "late" ? `said nothing for ${String(startTimeoutMs / 1000)} s` : `ended (${exitOf(child)})`;
  throw new ServingError(
    "ENVIRONMENT_UNUSABLE",
    `The Python of ${interpreter} ${how}${said === "" ? "" : `: ${said}`}`,
    {
      where: interpreter,
      hint: "Name a working interpreter (3.10 or newer) with --python or HOSTLER_PYTHON; `hostler doctor` checks it.",
    },
  );
}

function named(path: string): Interpreter {
  return { path, reason: "the Python of the models" };
}

function exitOf(child: ChildProcess): string {
  if (child.pid === undefined) return "could not be started";
  if (child.signalCode !== null) return child.signalCode;
  return `exit code ${String(child.exitCode)}`;
}

/** Passes what the processes print on to the log, and keeps the last lines for a start that fails. */
function collectOutput(child: ChildProcess, logger: Logger): () => string {
  const lastLines: string[] = [];
  const follow = (stream: Readable | null, name: string): void => {
    if (stream === null) return;
    const lines = new LineSplitter((line) => {
      lastLines.push(line);
      if (lastLines.length > 5) lastLines.shift();
      logger.info("worker output", { stream: name, line });
    });
    stream.on("data", (chunk: Buffer) => {
      lines.push(chunk);
    });
    stream.once("end", () => {
      lines.end();
    });
  };
  follow(child.stdout, "stdout");
  follow(child.stderr, "stderr");
  return () => lastLines.join("\n");
}
