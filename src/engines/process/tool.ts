import { tmpdir } from "node:os";
import { ServingError } from "../../contracts/serving-error.ts";
import { GuardedProcess, type ProcessHost } from "./guarded-process.ts";

export interface ToolOptions extends ProcessHost {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  readonly onLine?: (text: string) => void;
}

export interface ToolResult {
  readonly code: number | null;
  readonly output: string;
  /** The last lines of everything it wrote. */
  readonly lastLines: readonly string[];
}

const keptLines = 12;

/** Runs a program that ends by itself, and everything that it starts. */
export async function runTool(command: readonly string[], options: ToolOptions): Promise<ToolResult> {
  const { variables, signal, onLine } = options;
  signal.throwIfAborted();
  const lastLines: string[] = [];
  const output: string[] = [];
  const tool = await GuardedProcess.start(
    {
      command,
      folder: tmpdir(),
      variables,
      memoryBytes: null,
      onLine: (source, text) => {
        onLine?.(text);
        if (source === "stdout") output.push(text);
        lastLines.push(text);
        if (lastLines.length > keptLines) lastLines.shift();
      },
    },
    options,
  );
  const abort = (): void => void tool.stop(0);
  signal.addEventListener("abort", abort);
  // It may have been called off while the tool was started.
  if (signal.aborted) abort();
  const { code } = await tool.ended;
  signal.removeEventListener("abort", abort);
  signal.throwIfAborted();
  return { code, output: output.join("\n"), lastLines };
}

/** The same for a program that has to succeed; the error says what it said. */
export async function runToolOrFail(
  command: readonly string[],
  { what, ...options }: ToolOptions & { readonly what: string },
): Promise<ToolResult> {
  const result = await runTool(command, options);
  if (result.code === 0) return result;
  const errors = result.lastLines.filter((line) => /^\s*error\b/i.test(line));
  const said = (errors.length > 0 ? errors : result.lastLines).join("\n");
  throw new ServingError("ENVIRONMENT_UNUSABLE", `${what}: ${said}`, { where: command.join(" ") });
}
