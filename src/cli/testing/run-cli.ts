import { commands } from "../commands.ts";
import { reportError } from "../errors.ts";
import type { ExitCode } from "../exit-codes.ts";
import type { CommandTable, Context } from "../framework/command.ts";
import { runProgram } from "../program.ts";
import { createTerminal, type Stream } from "../terminal.ts";

export interface CliResult {
  readonly exitCode: ExitCode;
  readonly out: string;
  readonly err: string;
}

export interface CliSurroundings {
  readonly table?: CommandTable;
  readonly environment?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Which streams are terminals; usually none. */
  readonly ttys?: readonly ("out" | "err")[];
}

/** A stream that keeps what it is given. */
class KeptStream implements Stream {
  readonly isTTY: boolean;
  readonly columns = 100;
  kept = "";

  constructor(isTty: boolean) {
    this.isTTY = isTty;
  }

  write(text: string): boolean {
    this.kept += text;
    return true;
  }
}

export interface KeptContext extends Context {
  readonly out: KeptStream;
  readonly err: KeptStream;
}

export function keptContext(surroundings: CliSurroundings = {}): KeptContext {
  const { environment = {}, cwd = process.cwd(), ttys = [] } = surroundings;
  const out = new KeptStream(ttys.includes("out"));
  const err = new KeptStream(ttys.includes("err"));
  return { out, err, terminal: createTerminal({ out, err }, environment, true), environment, cwd };
}

/** Runs a command line in this process, as `main.ts` does. */
export async function runCli(
  argv: readonly string[],
  surroundings: CliSurroundings = {},
): Promise<CliResult> {
  const context = keptContext(surroundings);
  const { terminal, environment } = context;
  const exitCode = await runProgram(surroundings.table ?? commands, argv, context).catch((error: unknown) =>
    reportError(error, terminal.err, environment),
  );
  return { exitCode, out: context.out.kept, err: context.err.kept };
}
