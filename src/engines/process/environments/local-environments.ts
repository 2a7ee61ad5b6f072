import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { ServingError } from "../../../contracts/serving-error.ts";
import type { ProcessHost } from "../guarded-process.ts";
import { runToolOrFail, type ToolOptions } from "../tool.ts";
import { type CondaFile, readCondaFile } from "./conda-file.ts";
import { planEnvironment, type VirtualEnvironmentPlan } from "./environment-plan.ts";
import { checkRequirements, findPython, onPath, type RequirementCheck } from "./interpreters.ts";
import { withoutOwnPackages } from "./requirements.ts";

/** A Python that has what a deployment needs. */
export interface LocalEnvironment {
  readonly interpreter: string;
  /** Where its programs lie; first on PATH. */
  readonly programs: string;
}

export interface LocalEnvironmentsOptions extends ProcessHost {
  /** Made environments are kept here, each under a name made of its content. */
  readonly folder: string;
  /** hostler's own environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

type CondaContent = Readonly<Record<string, unknown>>;
type Say = (text: string) => void;

/** Written last: an environment without it was not finished. */
const readyMarker = ".hostler-ready";
const condaPrograms = ["mamba", "micromamba", "conda"];

/** Python environments for processes: made once, kept, shared by all deployments that need the same. */
export class LocalEnvironments {
  readonly #options: LocalEnvironmentsOptions;
  readonly #abort = new AbortController();
  /** Those that are being made, so that nobody makes one twice. */
  readonly #making = new Map<string, Promise<void>>();
  #default: Promise<RequirementCheck> | null = null;

  constructor(options: LocalEnvironmentsOptions) {
    this.#options = options;
  }

  /** The environment for a conda file, null for the default one; says what it does. ENVIRONMENT_UNUSABLE. */
  async prepare(conda: CondaContent | null, say: Say): Promise<LocalEnvironment> {
    const own = await this.#defaultInterpreter();
    if (conda === null) return localEnvironment(own.executable);
    const file = readCondaFile(conda);
    const interpreter = await this.#interpreterFor(file, own);
    const condaProgram = this.#condaProgram();
    if (file.condaOnly.length > 0 || interpreter === null) {
      if (condaProgram !== null) return this.#condaEnvironment(condaProgram, conda, say);
      if (file.condaOnly.length > 0) throw needsConda(file);
      say(`conda_file: Python ${file.python ?? ""} is not on PATH: Python ${own.python} is used instead.`);
    }
    const { requirements, left } = withoutOwnPackages(file.requirements);
    if (left.length > 0) say(`conda_file: hostler itself stands in for ${left.join(", ")}.`);
    const tool = this.#tool();
    const check = await checkRequirements(interpreter ?? own.executable, requirements, tool);
    const plan = planEnvironment(check, { requirements, options: file.options });
    if (plan.kind === "as-it-is") return localEnvironment(plan.interpreter);
    const path = join(this.#options.folder, plan.key);
    await this.#once(path, say, () => this.#makeVirtual(path, plan, say));
    return localEnvironment(join(path, "bin", "python"));
  }

  /** Ends what is being installed; of that nothing is left. */
  async stop(): Promise<void> {
    this.#abort.abort(new ServingError("SHUTTING_DOWN", "The server is stopping."));
    await Promise.allSettled(this.#making.values());
  }

  #tool(onLine?: Say): ToolOptions {
    const { interpreter, clock, variables } = this.#options;
    const tool = { interpreter, clock, variables, signal: this.#abort.signal };
    return onLine === undefined ? tool : { ...tool, onLine };
  }

  #defaultInterpreter(): Promise<RequirementCheck> {
    this.#default ??= checkRequirements(this.#options.interpreter, [], this.#tool());
    this.#default.catch(() => {
      this.#default = null;
    });
    return this.#default;
  }

  /** The Python that a conda file asks for; null where it is not here. */
  async #interpreterFor(file: CondaFile, own: RequirementCheck): Promise<string | null> {
    if (file.python === null || file.python === own.python) return own.executable;
    return findPython(file.python, this.#tool());
  }

  #condaProgram(): string | null {
    const found = condaPrograms.map((program) => onPath(program, this.#options.variables));
    return found.find((program) => program !== null) ?? null;
  }

  async #condaEnvironment(program: string, conda: CondaContent, say: Say): Promise<LocalEnvironment> {
    const key = createHash("sha256")
      .update(JSON.stringify(["conda", conda]))
      .digest("hex")
      .slice(0, 24);
    const path = join(this.#options.folder, key);
    await this.#once(path, say, async () => {
      await mkdir(this.#options.folder, { recursive: true });
      const file = `${path}.yml`;
      await writeFile(file, stringify(conda));
      const words = program.endsWith("micromamba") ? ["create", "--yes"] : ["env", "create"];
      say(`Creating a conda environment with ${program}.`);
      const what = "The conda environment cannot be created";
      await runToolOrFail([program, ...words, "--prefix", path, "--file", file], {
        ...this.#tool(say),
        what,
      });
      await rm(file);
    });
    return localEnvironment(join(path, "bin", "python"));
  }

  /** Makes an environment if it is not there; of one that fails nothing is left. */
  #once(path: string, say: Say, make: () => Promise<void>): Promise<void> {
    const running = this.#making.get(path);
    if (running !== undefined) {
      say("Another deployment is making the same Python environment: waiting for it.");
      return running;
    }
    if (existsSync(join(path, readyMarker))) return Promise.resolve();
    const making = this.#make(path, make).finally(() => this.#making.delete(path));
    this.#making.set(path, making);
    return making;
  }

  async #make(path: string, make: () => Promise<void>): Promise<void> {
    await rm(path, { recursive: true, force: true });
    try {
      await make();
      await writeFile(join(path, readyMarker), "");
    } catch (error) {
      await rm(path, { recursive: true, force: true });
      throw error;
    }
  }

  async #makeVirtual(path: string, plan: VirtualEnvironmentPlan, say: Say): Promise<void> {
    const { interpreter, requirements, options, layeredOn, lendsPip } = plan;
    say(`Creating a Python environment with ${requirements.join(", ")}.`);
    await mkdir(dirname(path), { recursive: true });
    const tool = this.#tool(say);
    // A pip of its own takes longer to install than most packages.
    await runToolOrFail([interpreter, "-m", "venv", ...(lendsPip ? ["--without-pip"] : []), path], {
      ...tool,
      what: `A virtual environment of ${interpreter} cannot be created`,
    });
    const python = join(path, "bin", "python");
    // A path file puts folders behind the environment's own: what is installed here wins.
    if (layeredOn.length > 0)
      await writeFile(join(await packageFolder(path), "hostler.pth"), lines(layeredOn));
    const list = join(path, "requirements.txt");
    await writeFile(list, lines([...options, ...requirements]));
    const quiet = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"];
    const pip = lendsPip ? [interpreter, "-m", "pip", "--python", python] : [python, "-m", "pip"];
    await runToolOrFail([...pip, "install", ...quiet, "-r", list], {
      ...tool,
      what: "The packages of the conda file cannot be installed",
    });
  }
}

function localEnvironment(interpreter: string): LocalEnvironment {
  return { interpreter, programs: dirname(interpreter) };
}

async function packageFolder(path: string): Promise<string> {
  const library = join(path, "lib");
  const [python = ""] = (await readdir(library)).filter((name) => name.startsWith("python"));
  return join(library, python, "site-packages");
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}

function needsConda(file: CondaFile): ServingError {
  return new ServingError(
    "ENVIRONMENT_UNUSABLE",
    `conda_file: only conda can install ${file.condaOnly.join(", ")}, and it is not on PATH.`,
    {
      field: "environment.conda_file",
      hint: "Put conda, mamba or micromamba on PATH, name the packages' PyPI names in the pip part, or use an image.",
    },
  );
}
