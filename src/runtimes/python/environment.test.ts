import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { RecordingLogger } from "../../core/testing/recorders.ts";
import { VirtualClock } from "../../core/testing/virtual-clock.ts";
import { Environment } from "./environment.ts";
import { processState } from "./process-ends.ts";
import { Reception } from "./reception.ts";

const python = process.env["HOSTLER_PYTHON"] ?? "python3";
const packageFolder = join(import.meta.dirname, "../../../python/src");
const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "hostler-environment-"));
  ends.push(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function environmentOf(parts: {
  readonly interpreter: string;
  readonly program: string;
}): Promise<Environment> {
  const reception = await Reception.open();
  ends.push(() => reception.stop());
  const environment = new Environment({
    ...parts,
    imports: [],
    workers: 1,
    environment: process.env,
    reception,
    clock: new VirtualClock(),
    logger: new RecordingLogger(),
    onRestart: () => undefined,
  });
  ends.push(() => environment.stop());
  return environment;
}

it("keeps the zygote that was started after one that failed, when that failure is told", async () => {
  const place = await folder();
  const interpreter = join(place, "python");
  // The first zygote ends at once. Why is asked of the interpreter, which takes its time to answer.
  const lines = [
    "#!/bin/sh",
    `cd ${place}`,
    'if [ "$1" = -c ]; then touch asked; while [ ! -e told ]; do sleep 0.02; done; echo 3.11.0; exit; fi',
    "if [ ! -e failed ]; then touch failed; exit 1; fi",
    `exec ${python} "$@"`,
  ];
  await writeFile(interpreter, lines.join("\n"), { mode: 0o755 });
  const program = join(packageFolder, "hostler/__main__.py");
  const environment = await environmentOf({ interpreter, program });
  const failed = environment.start().then(
    () => "started",
    () => "failed",
  );
  await expect.poll(() => existsSync(join(place, "asked")), { timeout: 20_000 }).toBe(true);
  await environment.start();
  const { zygote } = environment.processes;
  await writeFile(join(place, "told"), "");
  expect(await failed).toBe("failed");
  await environment.start();
  expect(environment.processes.zygote).toBe(zygote);
}, 60_000);

it("leaves no worker behind that was forked by a zygote which ended before it told of it", async () => {
  const place = await folder();
  const program = join(place, "zygote.py");
  const lines = [
    "import os, sys",
    `sys.path.insert(0, ${JSON.stringify(packageFolder)})`,
    "from hostler import zygote",
    "tell = zygote.Zygote._end",
    "def end(self, identity, result):",
    "    if 'pid' in result:",
    `        with open(${JSON.stringify(join(place, "forked"))}, 'w') as file: file.write(str(result['pid']))`,
    "        os._exit(1)",
    "    tell(self, identity, result)",
    "zygote.Zygote._end = end",
    "zygote.main()",
  ];
  await writeFile(program, lines.join("\n"));
  const environment = await environmentOf({ interpreter: python, program });
  await environment.start();
  environment.warm();
  await expect
    .poll(() => readFile(join(place, "forked"), "utf8").catch(() => ""), { timeout: 20_000 })
    .not.toBe("");
  const pid = Number(await readFile(join(place, "forked"), "utf8"));
  ends.push(() => processState(pid).kind === "running" && process.kill(pid, "SIGKILL"));
  await expect.poll(() => processState(pid).kind, { timeout: 10_000 }).not.toBe("running");
}, 60_000);
