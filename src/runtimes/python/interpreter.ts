import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ServingError } from "../../contracts/serving-error.ts";

const oldestPython = [3, 10] as const;
const hint = "Install Python 3.10 or newer, or name one with --python or HOSTLER_PYTHON.";
/** A Python that does not say its version in this time is not going to. */
const patienceMs = 10_000;

export interface Interpreter {
  readonly path: string;
  /** Why this one: `--python`, `HOSTLER_PYTHON` or `python3 on PATH`. */
  readonly reason: string;
}

/** Which Python runs the models, and why: flag, then variable, then `python3`. */
export function chooseInterpreter(python: string | null, variables: NodeJS.ProcessEnv): Interpreter {
  const named = variables["HOSTLER_PYTHON"];
  // The variable is a source of the setting too: then it is not the flag that decided.
  if (python !== null) return { path: python, reason: python === named ? "HOSTLER_PYTHON" : "--python" };
  if (named !== undefined && named !== "") return { path: named, reason: "HOSTLER_PYTHON" };
  return { path: "python3", reason: "python3 on PATH" };
}

/** The version of an interpreter as `3.11.7`; rejects with one clear sentence when it is too old or not there. */
export async function interpreterVersion(interpreter: Interpreter): Promise<string> {
  const { path, reason } = interpreter;
  const program = "import sys; print('.'.join(map(str, sys.version_info[:3])))";
  const { stdout } = await promisify(execFile)(path, ["-c", program], { timeout: patienceMs }).catch(
    (error: unknown) => {
      const { message } = ServingError.from(error);
      throw new ServingError("ENVIRONMENT_UNUSABLE", `${path} (${reason}) cannot be run: ${message}`, {
        hint,
      });
    },
  );
  const version = stdout.trim();
  refuseOld(interpreter, version);
  return version;
}

/** Throws one clear sentence when the version is too old. */
export function refuseOld({ path, reason }: Interpreter, version: string): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < oldestPython[0] || (major === oldestPython[0] && minor < oldestPython[1])) {
    throw new ServingError(
      "ENVIRONMENT_UNUSABLE",
      `${path} (${reason}) is Python ${version}, which is too old.`,
      { hint },
    );
  }
}
