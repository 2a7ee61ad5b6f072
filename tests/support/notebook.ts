import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { cleanEnvironment } from "./hostler.ts";
import { pythonInterpreter } from "./paths.ts";

const kernel = fileURLToPath(new URL("notebook_kernel.py", import.meta.url));
const answerSchema = z.union([z.object({ value: z.unknown() }), z.object({ error: z.string() })]);

export interface NotebookOptions {
  readonly cwd: string;
  /** Files to serve to `requests.get` in place of these URLs. */
  readonly downloads?: Readonly<Record<string, string>>;
}

/** Runs the Python cells of a document in order, in one process, as a reader with Jupyter does. */
export class Notebook {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  #complaints = "";

  constructor({ cwd, downloads = {} }: NotebookOptions) {
    const env = { ...cleanEnvironment(), NOTEBOOK_DOWNLOADS: JSON.stringify(downloads) };
    this.#child = spawn(pythonInterpreter(), ["-B", kernel], { cwd, env });
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#complaints += text;
    });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The value of the cell's last expression. */
  async run(cell: string): Promise<unknown> {
    this.#child.stdin.write(`${JSON.stringify({ cell })}\n`);
    const line = await this.#answers.next();
    if (line.done === true) throw new Error(`The notebook's process ended:\n${this.#complaints}`);
    const answer = answerSchema.parse(JSON.parse(line.value));
    if ("error" in answer) throw new Error(`A cell failed:\n${cell}\n${answer.error}`);
    return answer.value;
  }

  /** Ends the process; by itself it ends with its standard input. */
  stop(): void {
    this.#child.kill("SIGKILL");
  }
}

const pythonCell = /^```python\n(.*?)^```/gms;

/** The Python cells of a Markdown document, empty ones left out. */
export function cellsOf(document: string): string[] {
  return [...document.matchAll(pythonCell)]
    .map(([, source = ""]) => source)
    .filter((source) => source.trim());
}
