import { commands } from "./commands.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import type { Context } from "./framework/command.ts";
import { runProgram } from "./program.ts";
import { createTerminal } from "./terminal.ts";

const argv = process.argv.slice(2);
const terminal = createTerminal({ out: process.stdout, err: process.stderr }, process.env, isColorless(argv));

// A reader that has seen enough (`hostler models ls | head -1`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

// What is said about the work is not the work: a server does not end because nobody listens, or the disk is full.
process.stderr.on("error", () => undefined);

// Set rather than exit: what was written to a pipe still has to leave.
try {
  process.exitCode = await run({ terminal, environment: process.env, cwd: process.cwd() });
  // Told twice to stop: nothing that is still open may hold the process.
  if (process.exitCode === exitCodes.interrupted || process.exitCode === exitCodes.terminated) process.exit();
} catch (error) {
  const { reportError } = await import("./errors.ts");
  process.exitCode = reportError(error, terminal.err, process.env);
}

async function run(context: Context): Promise<ExitCode> {
  const [word, dashes, ...words] = argv;
  if (word !== "complete" || dashes !== "--") return await runProgram(commands, argv, context);
  const { complete } = await import("./completion/complete.ts");
  return await complete(commands, words, context);
}

/** Before parsing, because what parsing says is coloured too. */
function isColorless(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  return words.slice(0, end === -1 ? undefined : end).includes("--no-color");
}
