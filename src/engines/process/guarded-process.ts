import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { z } from "zod";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { LineSplitter } from "../shared/line-splitter.ts";
import { pythonProgram } from "../shared/python-program.ts";

export interface ProcessOrder {
  readonly command: readonly string[];
  /** Where it runs. */
  readonly folder: string;
  /** Its whole environment. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** What each of its processes may hold privately, where the system can bound that; null: as much as there is. */
  readonly memoryBytes: number | null;
  readonly onLine: (source: "stdout" | "stderr", text: string) => void;
}

export interface ProcessHost {
  /** Runs the guardian. */
  readonly interpreter: string;
  readonly clock: Clock;
}

export interface ProcessEnd {
  readonly code: number | null;
  /** As `SIGKILL`. */
  readonly signal: string | null;
}

/** What a killed process may take to be gone: only the kernel can delay it. */
const killPatienceMs = 5_000;

const reportSchema = z.union([
  z.object({ started: z.int() }),
  z.object({ failed: z.string() }),
  z.object({ ended: z.object({ code: z.int().nullable(), signal: z.int().nullable() }) }),
]);

/**
 * A command with everything that it starts, under a guardian process that kills all of it when the command ends, when
 * it is told so, and when this process is gone.
 */
export class GuardedProcess {
  /** The command's own process. */
  readonly pid: number;
  /** Resolves when nothing of it is left, and all that it wrote has been given out. */
  readonly ended: Promise<ProcessEnd>;
  readonly #guardian: ChildProcess;
  readonly #clock: Clock;

  private constructor(
    pid: number,
    guardian: ChildProcess,
    { ended, clock }: { readonly ended: Promise<ProcessEnd>; readonly clock: Clock },
  ) {
    this.pid = pid;
    this.ended = ended;
    this.#guardian = guardian;
    this.#clock = clock;
  }

  /** Resolves when the command runs; rejects with DEPLOYMENT_FAILED when it cannot be run at all. */
  static async start(order: ProcessOrder, host: ProcessHost): Promise<GuardedProcess> {
    const guardian = spawn(host.interpreter, ["-I", "-S", pythonProgram("guardian.py")], {
      env: { ...order.variables },
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      // A session of its own: Ctrl-C in the terminal drains the front and must not end this one first.
      detached: true,
    });
    const started = Promise.withResolvers<number>();
    const end: End = { said: null, pid: null };
    const ended = endOf(guardian, end);
    ended.then(
      () => {
        started.reject(cannotStart(order, "its guardian process ended"));
      },
      (error: unknown) => {
        started.reject(
          cannotStart(order, `its guardian could not be run: ${ServingError.from(error).message}`),
        );
      },
    );
    // One that could not be started may have no streams at all: where descriptors have run out.
    if (guardian.pid !== undefined) attend(guardian, order, { started, end });
    return new GuardedProcess(await started.promise, guardian, { ended, clock: host.clock });
  }

  /** SIGTERM to all of it, SIGKILL to what is left after that time; resolves when nothing is. */
  async stop(graceMs: number): Promise<void> {
    const { stdin } = this.#guardian;
    if (graceMs > 0) stdin?.write("stop\n");
    const kill = this.#clock.schedule(graceMs, () => stdin?.end());
    const giveUp = this.#clock.schedule(graceMs + killPatienceMs, () => this.#guardian.kill("SIGKILL"));
    await this.ended;
    kill.cancel();
    giveUp.cancel();
  }
}

/** What is known of the command: its own process, and how it has ended. */
interface End {
  said: ProcessEnd | null;
  pid: number | null;
}

/** Follows what the guardian reports and what the command writes, and gives the order. */
function attend(
  guardian: ChildProcess,
  order: ProcessOrder,
  { started, end }: { readonly started: PromiseWithResolvers<number>; readonly end: End },
): void {
  followLines(reportsOf(guardian), (line) => {
    const report = reportSchema.parse(JSON.parse(line));
    if ("started" in report) {
      end.pid = report.started;
      started.resolve(report.started);
    } else if ("failed" in report) started.reject(cannotStart(order, report.failed));
    else end.said = { code: report.ended.code, signal: signalName(report.ended.signal) };
  });
  followLines(guardian.stdout, (line) => {
    order.onLine("stdout", line);
  });
  followLines(guardian.stderr, (line) => {
    order.onLine("stderr", line);
  });
  const { command, folder, memoryBytes } = order;
  guardian.stdin?.on("error", () => undefined);
  guardian.stdin?.write(`${JSON.stringify({ command, folder, memory_bytes: memoryBytes })}\n`);
}

/** Resolves when the guardian has ended. One that was killed can no longer look after its command: that is done here. */
function endOf(guardian: ChildProcess, end: Readonly<End>): Promise<ProcessEnd> {
  return new Promise((resolve, reject) => {
    guardian.once("error", reject);
    guardian.once("exit", () => {
      if (end.said !== null) return;
      if (end.pid !== null) killGroup(end.pid);
      // Who left the group may hold the pipes open for ever.
      for (const stream of [guardian.stdout, guardian.stderr]) stream?.destroy();
    });
    guardian.once("close", () => {
      resolve(end.said ?? { code: null, signal: "SIGKILL" });
    });
  });
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

function cannotStart(order: ProcessOrder, why: string): ServingError {
  return new ServingError("DEPLOYMENT_FAILED", `${order.command.join(" ")} cannot be started: ${why}`, {
    where: order.folder,
    hint: "The first word has to be a program on PATH or a path, as seen from the code folder.",
  });
}

function signalName(number: number | null): string | null {
  if (number === null) return null;
  const [name = `signal ${String(number)}`] =
    Object.entries(constants.signals).find(([, value]) => value === number) ?? [];
  return name;
}

function reportsOf(guardian: ChildProcess): Readable | null {
  const [, , , reports] = guardian.stdio;
  return reports !== null && reports !== undefined && "read" in reports ? reports : null;
}

function followLines(stream: Readable | null, onLine: (line: string) => void): void {
  const splitter = new LineSplitter(onLine);
  stream?.on("data", (chunk: Buffer) => {
    splitter.push(chunk);
  });
  stream?.once("end", () => {
    splitter.end();
  });
}
