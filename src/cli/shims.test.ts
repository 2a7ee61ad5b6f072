import { execFile } from "node:child_process";
import { chmod, cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packageRoot } from "./package-root.ts";
import { runCli } from "./testing/run-cli.ts";
import { type TemporaryFolder, temporaryFolder } from "./testing/temporary-folder.ts";

const run = promisify(execFile);

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

let house: TemporaryFolder;

/** A house with the stand-ins and a hostler that only says how it was called. */
beforeEach(async () => {
  house = await temporaryFolder();
  await cp(join(packageRoot(), "shims"), join(house.path, "shims"), { recursive: true });
  await writeScript(
    "bin/hostler",
    'case $1 in version) echo "hostler 9.9.9" ;; *) echo "hostler: $*" ;; esac',
  );
});
afterEach(async () => {
  await house[Symbol.asyncDispose]();
});

async function writeScript(path: string, body: string): Promise<void> {
  const file = join(house.path, path);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
}

async function mlserver(argv: readonly string[], ...folders: readonly string[]): Promise<Ended> {
  return await shim("mlserver", argv, ...folders);
}

async function az(argv: readonly string[], ...folders: readonly string[]): Promise<Ended> {
  return await shim("az", argv, ...folders);
}

async function shim(name: string, argv: readonly string[], ...folders: readonly string[]): Promise<Ended> {
  const path = ["shims", ...folders].map((folder) => join(house.path, folder));
  const env = { PATH: [...path, "/usr/bin", "/bin"].join(":") };
  try {
    const { stdout, stderr } = await run(name, argv, { env });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && "stdout" in error && "stderr" in error)) throw error;
    return { code: Number(error.code), out: String(error.stdout), err: String(error.stderr) };
  }
}

test("mlserver start serves the folder with hostler, and hands its options on", async () => {
  expect(await mlserver(["start", "my models", "--port", "0"])).toEqual({
    code: 0,
    out: "hostler: serve --as mlserver my models --port 0\n",
    err: "",
  });
});

test("mlserver says which version it speaks, and for whom", async () => {
  expect((await mlserver(["--version"])).out).toBe("mlserver, version 1.7.1 (hostler 9.9.9)\n");
  expect((await mlserver(["--help"])).out).toContain("start FOLDER");
  expect((await mlserver([])).code).toBe(0);
});

test("mlserver init without a template is hostler's", async () => {
  expect((await mlserver(["init"])).out).toBe("hostler: init\n");
});

test.each([[["build", "."]], [["infer", "-u", "x"]], [["init", "-t", "x"]], [["nonsense"]]])(
  "%j goes to the real mlserver further down PATH",
  async (argv) => {
    await writeScript("real/mlserver", 'echo "real: $*"; exit 5');
    expect(await mlserver(argv, "real")).toEqual({ code: 5, out: `real: ${argv.join(" ")}\n`, err: "" });
  },
);

test("without a real one, what cannot be done is said plainly", async () => {
  const { code, out, err } = await mlserver(["build", "."]);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain(
    'error: "mlserver build" is not something that hostler does, and no other mlserver is on PATH.',
  );
});

test.each([
  ["ml online-endpoint show -n e --query scoring_uri -o tsv"],
  ["ml online-deployment create -f blue.yml"],
  ["ml model list"],
  ["ml environment list"],
  ["ml workspace show"],
  ["ml --help"],
  ["ml"],
])("az %s is hostler's", async (line) => {
  expect(await az(line.split(" "))).toEqual({ code: 0, out: `hostler: ${line}\n`, err: "" });
});

test.each([
  ["account show"],
  ["login"],
  ["configure -l"],
  ["extension add -n ml"],
  ["acr build -t x -r y ."],
])("az %s is what scripts around ml lines need", async (line) => {
  expect(await az(line.split(" "))).toEqual({ code: 0, out: `hostler: az ${line}\n`, err: "" });
});

test.each([["vm list"], ["ml job create -f job.yml"], ["acr show -n x"], ["group create -n g"]])(
  "az %s goes to the real az further down PATH",
  async (line) => {
    await writeScript("real/az", 'echo "real: $*"; exit 5');
    expect(await az(line.split(" "), "real")).toEqual({ code: 5, out: `real: ${line}\n`, err: "" });
    const { code, out, err } = await az(line.split(" "));
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain("is not something that hostler does, and no other az is on PATH.");
  },
);

test.each([
  ["multi-model-server", "mms"],
  ["mxnet-model-server", "mms"],
  ["model-archiver", "archive"],
])("%s is hostler's", async (name, command) => {
  expect(await shim(name, ["--one", "two words"])).toEqual({
    code: 0,
    out: `hostler: ${command} --one two words\n`,
    err: "",
  });
});

test("az says what it is", async () => {
  expect((await az(["--version"])).out).toContain("(hostler 9.9.9)");
  expect((await az([])).out).toContain("standing in for Azure's command line");
});

test("a stand-in never takes itself or another stand-in for the real one", async () => {
  await mkdir(join(house.path, "links"));
  await symlink(join(house.path, "shims", "mlserver"), join(house.path, "links", "mlserver"));
  await cp(join(house.path, "shims"), join(house.path, "copies"), { recursive: true });
  await symlink(join(house.path, "shims", "az"), join(house.path, "links", "az"));
  expect((await mlserver(["build"], "links", "copies")).code).toBe(2);
  expect((await az(["vm", "list"], "links", "copies")).code).toBe(1);
});

test("a stand-in finds its hostler through links", async () => {
  await mkdir(join(house.path, "far", "away"), { recursive: true });
  await symlink("../../shims/mlserver", join(house.path, "far", "away", "mlserver"));
  const { stdout } = await run(join(house.path, "far", "away", "mlserver"), ["start", "."]);
  expect(stdout).toBe("hostler: serve --as mlserver .\n");
});

test("hostler shims prints a line that a shell can evaluate", async () => {
  const { out } = await runCli(["shims"]);
  const { stdout } = await run("/bin/sh", ["-c", `${out}command -v mlserver`], {
    env: { PATH: "/usr/bin:/bin" },
  });
  expect(stdout).toBe(`${join(packageRoot(), "shims", "mlserver")}\n`);
});
