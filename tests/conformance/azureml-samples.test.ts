import { cp, mkdir, readdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { temporaryFolder } from "../support/folders.ts";
import { runOrFail } from "../support/run.ts";
import { startUp, type RunningUp } from "../support/up.ts";
import { otherSamples, runnableSamples, samplesCommit, samplesRepository } from "./azureml-samples.ts";

const fetchTimeoutMs = 300_000;
const sampleTimeoutMs = 600_000;

/** What the scripts that are run here need; the rest of the repository is large. */
const parts = ["model-1", "model-2", "managed", "custom-container"].map(
  (part) => `cli/endpoints/online/${part}`,
);

/**
 * The samples' own files and scripts, unmodified, in a temporary folder; only `az` is ours. `AZUREML_EXAMPLES` names a
 * clone to take them from; else they are fetched.
 */
async function checkOut(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const clone = process.env["AZUREML_EXAMPLES"] ?? (await fetched(join(folder, ".git")));
  const archive = `git -C "${clone}" archive ${samplesCommit} -- ${parts.join(" ")} ":(glob)cli/*.sh"`;
  await runOrFail(["bash", "-o", "pipefail", "-ec", `${archive} | tar -x -C "${folder}"`], {
    timeoutMs: fetchTimeoutMs,
  });
}

async function fetched(folder: string): Promise<string> {
  await runOrFail(["git", "init", "--quiet", "--bare", folder]);
  const fetch = ["fetch", "--quiet", "--depth", "1", "--filter=blob:none", samplesRepository, samplesCommit];
  await runOrFail(["git", "-C", folder, ...fetch], { timeoutMs: fetchTimeoutMs });
  return folder;
}

describe("Microsoft's samples of online endpoints", () => {
  const cleanup = new Cleanup();
  let samples: string;
  let up: RunningUp;

  beforeAll(async () => {
    const temporary = await temporaryFolder();
    cleanup.add(temporary.remove);
    samples = join(temporary.path, "samples");
    await checkOut(samples);
    up = await startUp({ args: ["--engine", "process"] });
    cleanup.add(up.stop);
  }, fetchTimeoutMs);

  afterAll(() => cleanup.run());

  test("every script is either run here or left out for a reason", async () => {
    const scripts = (await readdir(join(samples, "cli"))).filter((name) => /^deploy-.*\.sh$/.test(name));
    const named = [...runnableSamples.map(({ script }) => script), ...Object.keys(otherSamples)];
    expect(scripts.sort()).toEqual(named.sort());
  });

  for (const { script, prints } of runnableSamples) {
    test(
      script,
      async () => {
        const temporary = await temporaryFolder();
        cleanup.add(temporary.remove);
        const folder = join(temporary.path, "cli");
        await cp(join(samples, "cli"), folder, { recursive: true });
        expect(existsSync(join(folder, script))).toBe(true);
        const { code, stdout, stderr } = await up.attempt(`bash ${script}`, {
          cwd: folder,
          timeoutMs: sampleTimeoutMs,
        });
        expect(code, `${stdout}\n${stderr}`).toBe(0);
        let rest = stdout;
        for (const wanted of prints) {
          const at = typeof wanted === "string" ? rest.indexOf(wanted) : rest.search(wanted);
          expect(
            at,
            `${String(wanted)} after what was matched before, in:\n${stdout}\n${stderr}`,
          ).toBeGreaterThan(-1);
          rest = rest.slice(at + 1);
        }
      },
      sampleTimeoutMs,
    );
  }
});
