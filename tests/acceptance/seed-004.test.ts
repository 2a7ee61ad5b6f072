import { cp } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { temporaryFolder } from "../support/folders.ts";
import { isPortFree } from "../support/ports.ts";
import { root } from "../support/paths.ts";
import { startUp, type RunningUp } from "../support/up.ts";

const example = join(root, "examples", "azure-own-server");
const answers = [
  '{"route": "/score", "predictions": [1.0, 3.0, 6.0]}',
  '{"route": "/predict", "predictions": [1.0, 3.0, 6.0]}',
];

describe("seed 004: a server of one's own on port 8003, started by init()", () => {
  const cleanup = new Cleanup();
  let folder: string;
  let up: RunningUp;

  beforeAll(async () => {
    const temporary = await temporaryFolder();
    cleanup.add(temporary.remove);
    folder = join(temporary.path, "own-server");
    await cp(example, folder, { recursive: true });
    up = await startUp({ args: ["--engine", "process"] });
    cleanup.add(up.stop);
  });

  afterAll(() => cleanup.run());

  test("as a process: /score by its route, /predict below the endpoint, and nothing left on the port", async () => {
    const printed = await up.shell("./deploy.sh", { cwd: folder });
    for (const answer of answers) expect(printed).toContain(answer);
    expect(await isPortFree(8003)).toBe(true);
  });

  test("its log tells both processes, as the document shows them", async () => {
    const env = { ENDPOINT_NAME: "logs", REGISTRY: "hostlerlocal" };
    await up.shell("az ml online-endpoint create -f endpoint.yml", { cwd: folder, env });
    await up.shell("az ml online-deployment create -f deployment.yml", { cwd: folder, env });
    const logs = await up.shell("az ml online-deployment get-logs -n own-server -e logs", {
      cwd: folder,
      env,
    });
    expect(logs).toMatch(/init in process \d+, server in process \d+/);
    await up.shell("az ml online-endpoint delete -n logs --yes", { cwd: folder, env });
  });
});
