import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ServingError } from "../../src/contracts/serving-error.ts";
import { LocalEnvironments } from "../../src/engines/process/environments/local-environments.ts";
import { systemClock } from "../../src/server/system-clock.ts";
import { Cleanup } from "../support/cleanup.ts";
import { temporaryFolder } from "../support/folders.ts";
import { pythonInterpreter, root } from "../support/paths.ts";
import { runOrFail } from "../support/run.ts";

describe("Python environments for processes", () => {
  const cleanup = new Cleanup();
  const interpreter = pythonInterpreter();
  let folder: string;
  let wheels: string;
  let environments: LocalEnvironments;

  beforeAll(async () => {
    const temporary = await temporaryFolder();
    cleanup.add(temporary.remove);
    wheels = temporary.path;
    folder = join(temporary.path, "environments");
    for (const version of ["1.0", "2.0"]) {
      const program = join(root, "tests", "support", "python", "make_wheel.py");
      await runOrFail([interpreter, program, wheels, "hostler_tiny", version]);
    }
    environments = open();
    cleanup.add(() => environments.stop());
  });

  afterAll(() => cleanup.run());

  /** With no conda on PATH, whatever this machine has. */
  function open(): LocalEnvironments {
    const variables = { ...process.env, PATH: "/usr/bin:/bin" };
    return new LocalEnvironments({ folder, interpreter, variables, clock: systemClock });
  }

  function condaFile(...dependencies: readonly unknown[]): Record<string, unknown> {
    return { name: "test", dependencies };
  }

  function pip(...requirements: readonly string[]): object {
    return { pip: ["--no-index", `--find-links ${wheels}`, ...requirements] };
  }

  async function printed(python: string, program: string): Promise<string> {
    return (await runOrFail([python, "-c", program])).trim();
  }

  test("what the default Python has already is not installed again", async () => {
    const said: string[] = [];
    const conda = condaFile("scikit-learn", "pip", { pip: ["azureml-defaults==1.38.0", "joblib"] });
    const found = await environments.prepare(conda, (text) => said.push(text));
    expect(found).toEqual(await environments.prepare(null, () => undefined));
    expect(said).toEqual(["conda_file: hostler itself stands in for azureml-defaults==1.38.0."]);
    expect(existsSync(folder)).toBe(false);
  });

  test("what is missing is put on top of it, once for all who ask", async () => {
    const said: string[] = [];
    const conda = condaFile("numpy", pip("hostler-tiny==1.0"));
    const all = await Promise.all([1, 2].map(() => environments.prepare(conda, (text) => said.push(text))));
    const [one, other] = all;
    if (one === undefined || other === undefined) throw new Error("no environment");
    expect(one).toEqual(other);
    expect(await readdir(folder)).toHaveLength(1);
    expect(said.filter((line) => line.startsWith("Creating"))).toHaveLength(1);
    const program = "import hostler_tiny, numpy, sklearn; print(hostler_tiny.VERSION)";
    expect(await printed(one.interpreter, program)).toBe("1.0");
    const again = open();
    said.length = 0;
    expect(await again.prepare(conda, (text) => said.push(text))).toEqual(one);
    expect(said).toEqual([]);
    await again.stop();
  });

  test("a Python that is not here is told, and the default one is used", async () => {
    const said: string[] = [];
    const own = await environments.prepare(null, () => undefined);
    const found = await environments.prepare(condaFile("python=3.4", "numpy"), (text) => said.push(text));
    expect(found).toEqual(own);
    expect(said.join()).toMatch(/Python 3\.4 is not on PATH: Python 3\.\d+ is used instead/);
  });

  test("of one that cannot be installed nothing is left, and pip's own words are told", async () => {
    const before = await readdir(folder);
    const failure = await environments
      .prepare(condaFile(pip("hostler-tiny==9.9")), () => undefined)
      .then(
        () => null,
        (error: unknown) => ServingError.from(error),
      );
    expect(failure?.code).toBe("ENVIRONMENT_UNUSABLE");
    expect(failure?.message).toMatch(/No matching distribution found for hostler-tiny==9.9/);
    expect(await readdir(folder)).toEqual(before);
  });

  test("what only conda has is named", async () => {
    await expect(
      environments.prepare(condaFile("r-base=4.1", "numpy"), () => undefined),
    ).rejects.toMatchObject({
      code: "ENVIRONMENT_UNUSABLE",
      message: "conda_file: only conda can install r-base=4.1, and it is not on PATH.",
    });
  });

  test("stopping ends an installation, and leaves nothing of it", async () => {
    const other = open();
    const before = await readdir(folder);
    const begun = Promise.withResolvers<undefined>();
    const making = other
      .prepare(condaFile(pip("hostler-tiny==2.0")), () => {
        begun.resolve(undefined);
      })
      .catch((error: unknown) => ServingError.from(error).code);
    await begun.promise;
    await other.stop();
    expect(await making).toBe("SHUTTING_DOWN");
    expect(await readdir(folder)).toEqual(before);
  });
});
