import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ServingError } from "../../contracts/serving-error.ts";
import {
  chooseInterpreter,
  type Interpreter,
  interpreterVersion,
} from "../../runtimes/python/interpreter.ts";
import { type Check, type Finding, ok, problem, warning } from "./finding.ts";

/** Frameworks of the built-in runtimes. */
const frameworks = [
  { module: "sklearn", package: "scikit-learn" },
  { module: "xgboost", package: "xgboost" },
] as const;

type Framework = (typeof frameworks)[number];

/** Imported for real: an installed framework whose libraries are missing fails only then. */
const program = `
import importlib, json, os, sys
answer = {"executable": sys.executable, "versions": {}, "errors": {}}
out = os.dup(1)
os.dup2(2, 1)
for name in sys.argv[1:]:
    try:
        answer["versions"][name] = str(getattr(importlib.import_module(name), "__version__", "unknown"))
    except BaseException as error:
        answer["errors"][name] = f"{type(error).__name__}: {error}"
os.write(out, json.dumps(answer).encode())
`;

const patienceMs = 60_000;

/** Which interpreter, why that one, and what it can import. */
export const checkPython: Check = async ({ python, environment }) => {
  const interpreter = chooseInterpreter(python, environment);
  try {
    const version = await interpreterVersion(interpreter);
    const answer = await askPython(interpreter, environment);
    const where = `${answer.executable} (${interpreter.reason}) is Python ${version}`;
    return [ok("python", where), ...frameworkFindings(answer)];
  } catch (error) {
    const { message, details } = ServingError.from(error);
    return [
      problem("python", message, details.hint ?? "Name another interpreter with --python or HOSTLER_PYTHON."),
    ];
  }
};

interface PythonAnswer {
  readonly executable: string;
  readonly versions: ReadonlyMap<string, string>;
  readonly errors: ReadonlyMap<string, string>;
}

/** One that is missing is worth knowing; without any, no model runs. */
function frameworkFindings({ versions, errors }: PythonAnswer): readonly Finding[] {
  const complain = versions.size === 0 ? problem : warning;
  return frameworks.map((framework) => {
    const version = versions.get(framework.module);
    if (version !== undefined) return ok(framework.package, version);
    return complain(framework.package, explain(errors.get(framework.module)), installLine(framework));
  });
}

function explain(error = ""): string {
  return error.startsWith("ModuleNotFoundError") ? "not installed" : `cannot be imported: ${error}`;
}

/** A virtual environment, because Debian's own Python refuses a plain pip. */
function installLine({ package: name }: Framework): string {
  return `python3 -m venv .venv && .venv/bin/pip install ${name}, then --python .venv/bin/python`;
}

async function askPython({ path }: Interpreter, environment: NodeJS.ProcessEnv): Promise<PythonAnswer> {
  const modules = frameworks.map(({ module }) => module);
  const options = { env: environment, timeout: patienceMs, maxBuffer: 16 * 1024 * 1024 };
  const { stdout } = await promisify(execFile)(path, ["-c", program, ...modules], options);
  const answer: unknown = JSON.parse(stdout);
  return {
    executable: String(member(answer, "executable")),
    versions: texts(member(answer, "versions")),
    errors: texts(member(answer, "errors")),
  };
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function texts(value: unknown): ReadonlyMap<string, string> {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return new Map(entries.map(([name, text]) => [name, String(text)]));
}
