import { expect, test } from "vitest";
import { workspace } from "../../contracts/control/workspace.ts";
import { type CliResult, runCli } from "../testing/run-cli.ts";

async function az(words: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<CliResult> {
  return await runCli(["az", ...words], { environment });
}

test.each<[readonly string[], string]>([
  [["account", "show", "--query", "id", "-o", "tsv"], `${workspace.subscription}\n`],
  [["account", "list", "--query", "length(@)"], "1\n"],
  [["account", "set", "-s", "anything"], ""],
  [["login", "--service-principal", "-u", "x", "-p", "y", "--tenant", "z", "-o", "none"], ""],
  [["configure", "--defaults", "group=g", "workspace=w", "location=l"], ""],
  [["configure", "-l", "--query", "[?name=='group'].value", "-o", "tsv"], "local\n"],
  [["config", "set", "defaults.workspace=w"], ""],
  [["extension", "add", "-n", "ml", "-y"], ""],
  [["extension", "list", "--query", "[].name", "-o", "tsv"], "ml\n"],
])("%j is taken as scripts write it", async (words, out) => {
  expect(await az(words)).toEqual({ exitCode: 0, out, err: "" });
});

test("a token can be asked for", async () => {
  const { out } = await az(["account", "get-access-token", "--query", "accessToken", "-o", "tsv"]);
  expect(out).toBe("hostler\n");
});

test("what is not known is refused with status 2", async () => {
  expect((await az(["account", "shwo"])).err).toContain("Did you mean hostler az account show?");
  expect((await az(["vm", "list"])).exitCode).toBe(2);
});

const build = ["acr", "build", "-r", "Reg", "-f", "Dockerfile", "--build-arg", "A=1", "-t", "a/b:1", "."];
const nowhere = { DOCKER_HOST: "unix:///nowhere/engine.sock" };

test("without a container engine nothing is built, a script goes on, and knows why", async () => {
  const { exitCode, out, err } = await az(build, nowhere);
  expect({ exitCode, out }).toEqual({ exitCode: 0, out: "" });
  expect(err).toContain("WARNING: Nothing is built: no container engine answers");
  expect(err).toContain("runs its scoring script as a process");
  expect((await az(build, { HOSTLER_ENGINE: "process" })).exitCode).toBe(0);
});

test("where images are wanted it is an error", async () => {
  const { exitCode, err } = await az(build, { ...nowhere, HOSTLER_ENGINE: "container" });
  expect(exitCode).toBe(1);
  expect(err).toContain("ERROR: Nothing is built: no container engine answers");
});

test("a build needs an image, a registry and a folder", async () => {
  expect((await az(["acr", "build", "-r", "x", "."])).err).toContain("--image/-t");
  expect((await az(["acr", "build", "-t", "x", "."])).err).toContain("--registry/-r");
  expect((await az(["acr", "build", "-t", "x", "-r", "y"])).err).toContain("<SOURCE_LOCATION>");
});
