import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ServingError } from "../../contracts/serving-error.ts";
import { VirtualClock } from "../../core/testing/virtual-clock.ts";
import { runTool } from "./tool.ts";

test("a tool that is called off while it is started ends", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hostler-tool-"));
  try {
    const clock = new VirtualClock();
    const interpreter = process.env["HOSTLER_PYTHON"] ?? "python3";
    const stopping = new AbortController();
    const options = { interpreter, clock, variables: process.env, signal: stopping.signal };
    const marker = join(folder, "ended");
    const running = runTool(["sh", "-c", `sleep 15; touch ${marker}`], options);
    stopping.abort(new ServingError("SHUTTING_DOWN", "The server is stopping."));
    const ended = expect(running).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
    await expect.poll(() => clock.pending, { timeout: 10_000 }).toBeGreaterThan(0);
    await clock.advance(0);
    await ended;
    expect(existsSync(marker)).toBe(false);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 30_000);
