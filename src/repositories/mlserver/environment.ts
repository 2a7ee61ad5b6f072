import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { isMissing } from "../shared/file-errors.ts";
import { Complaint } from "../shared/complaint.ts";

const modelPrefix = "MLSERVER_MODEL_";

/** These choose the Python that runs. */
const neverFromFile = ["MLSERVER_MODEL_ENVIRONMENT_PATH", "MLSERVER_MODEL_PARAMETERS"];

/** Variables of the process, by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

export interface Variable {
  readonly value: string;
  /** Its name as it was set, with the file it was read from if that was not the environment. */
  readonly origin: string;
}

/**
 * The variables that settings are taken from: those of the process, then, for MLServer's own, those of a `.env` in the
 * working directory. A folder that was merely downloaded must not choose the Python that runs or switch authentication
 * off: hostler's variables are never read from a file, nor are those of MLServer's that name an environment.
 */
export class Environment {
  readonly cwd: string;
  readonly variables: Variables;
  /** Names in upper case: MLServer takes `mlserver_http_port` too. */
  readonly #mlserver: ReadonlyMap<string, Variable>;
  /** `MLSERVER_MODEL_*` by the fields they fill: asked for every field of every model. */
  readonly #modelFields: ReadonlyMap<string, Variable>;
  /** Names in `.env` that have no effect there. */
  readonly ignored: readonly string[];

  constructor(cwd: string, variables: Variables, file: Variables = {}) {
    this.cwd = cwd;
    this.variables = variables;
    const fromFile = mlserverVariables(file, " in .env").filter(([name]) => !neverFromFile.includes(name));
    this.#mlserver = new Map([...fromFile, ...mlserverVariables(variables, "")]);
    this.#modelFields = new Map(
      [...this.#mlserver].flatMap(([name, variable]): [string, Variable][] =>
        name.startsWith(modelPrefix) ? [[name.slice(modelPrefix.length).toLowerCase(), variable]] : [],
      ),
    );
    this.ignored = Object.keys(file).filter(
      (name) => name.startsWith("HOSTLER_") || neverFromFile.includes(name.toUpperCase()),
    );
  }

  static async read(cwd: string, variables: Variables): Promise<Environment> {
    const path = join(cwd, ".env");
    try {
      return new Environment(cwd, variables, expand(parseEnv(await readFile(path, "utf8")), variables));
    } catch (error) {
      if (isMissing(error)) return new Environment(cwd, variables);
      const reason = `.env cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      throw new Complaint({
        where: ".env",
        reason,
        hint: "Make it readable, or remove it.",
      }).toServingError();
    }
  }

  /** A variable of the process, spelt exactly so. */
  own(name: string): Variable | undefined {
    const value = Object.hasOwn(this.variables, name) ? this.variables[name] : undefined;
    return value === undefined ? undefined : { value, origin: name };
  }

  /** A variable of MLServer's, `name` in upper case. */
  mlserver(name: string): Variable | undefined {
    return this.#mlserver.get(name);
  }

  /** What fills a field of every model whose file leaves it out. */
  modelField(field: string): Variable | undefined {
    return this.#modelFields.get(field);
  }

  /** Upper-case names of all variables of MLServer's that are set. */
  get mlserverNames(): readonly string[] {
    return [...this.#mlserver.keys()];
  }
}

function mlserverVariables(variables: Variables, suffix: string): readonly [string, Variable][] {
  return Object.entries(variables).flatMap(([name, value]): [string, Variable][] => {
    const upper = name.toUpperCase();
    if (value === undefined || !upper.startsWith("MLSERVER_")) return [];
    return [[upper, { value, origin: name + suffix }]];
  });
}

/** `${NAME}` and `${NAME:-default}` in a `.env`, as python-dotenv expands them: the file's own variables go first. */
function expand(file: Variables, variables: Variables): Variables {
  const known = new Map(Object.entries(variables));
  for (const [name, value = ""] of Object.entries(file)) {
    const expand = (_: string, reference: string, otherwise = ""): string =>
      known.get(reference) ?? otherwise;
    known.set(name, value.replace(/\$\{([^}:]*)(?::-([^}]*))?\}/g, expand));
  }
  return Object.fromEntries(Object.keys(file).map((name) => [name, known.get(name)]));
}
