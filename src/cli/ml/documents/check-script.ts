import { execFile } from "node:child_process";
import { promisify } from "node:util";

const patienceMs = 5000;

/** Prints the line and the reason of the first mistake, or nothing. */
const program = [
  "import ast, sys",
  "try:",
  "    ast.parse(open(sys.argv[1], 'rb').read(), sys.argv[1])",
  "except SyntaxError as mistake:",
  "    print(mistake.lineno or 1, mistake.msg, sep='\\t')",
].join("\n");

/**
 * Whether a scoring script is Python, before it is deployed: what a mistyped bracket costs a second here costs a
 * deployment later. Null where nothing is wrong, or where there is no Python to ask.
 */
export async function checkScript(
  path: string,
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly line: number; readonly reason: string } | null> {
  const configured = environment["HOSTLER_PYTHON"];
  const interpreter = configured === undefined || configured === "" ? "python3" : configured;
  try {
    const options = { env: environment, timeout: patienceMs };
    const { stdout } = await promisify(execFile)(interpreter, ["-I", "-S", "-c", program, path], options);
    const [line, reason] = stdout.trim().split("\t");
    return line === undefined || reason === undefined ? null : { line: Number(line), reason };
  } catch {
    return null;
  }
}
