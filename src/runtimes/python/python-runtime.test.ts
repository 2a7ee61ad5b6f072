import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { RecordingLogger } from "../../core/testing/recorders.ts";
import { VirtualClock } from "../../core/testing/virtual-clock.ts";
import { PythonRuntime } from "./python-runtime.ts";

it("starts when there is room for its socket again, and stops where there never was", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hostler-runtime-"));
  const variables = process.env;
  const runtime = new PythonRuntime({
    interpreter: process.env["HOSTLER_PYTHON"] ?? "python3",
    workers: 1,
    environment: variables,
    clock: new VirtualClock(),
    logger: new RecordingLogger(),
    onRestart: () => undefined,
  });
  try {
    vi.stubEnv("TMPDIR", join(folder, "later"));
    await expect(runtime.prepare([])).resolves.toBeDefined();
    await expect(runtime.warmHandlers("python3")).rejects.toThrow("ENOENT");
    await runtime.stop();
    await mkdir(join(folder, "later"));
    await runtime.warmHandlers(process.env["HOSTLER_PYTHON"] ?? "python3");
    expect(runtime.processes.zygotes).toHaveLength(1);
  } finally {
    vi.unstubAllEnvs();
    await runtime.stop();
    await rm(folder, { recursive: true, force: true });
  }
}, 30_000);
