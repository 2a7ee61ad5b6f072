import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { RecordingLogger } from "../../core/testing/recorders.ts";
import { Reception } from "./reception.ts";
import { Zygote } from "./zygote.ts";

it("where descriptors have run out the start is refused, and nobody else is hurt", async () => {
  const program = `
    import { openSync } from "node:fs";
    import { Reception } from ${JSON.stringify(join(import.meta.dirname, "reception.ts"))};
    import { Zygote } from ${JSON.stringify(join(import.meta.dirname, "zygote.ts"))};
    const reception = await Reception.open();
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const options = { interpreter: "python3", program: "zygote.py", imports: [], environment: {} };
    const open = [];
    try { for (;;) open.push(openSync("/dev/null")); } catch {}
    await Zygote.start({ ...options, reception, logger, onGone: () => {} }).catch((error) => {
      setTimeout(() => process.stdout.write(error.code, () => reception.stop()), 50);
    });`;
  const words = ["-c", 'ulimit -n 64 && exec "$0" --input-type=module -e "$1"', process.execPath, program];
  const { stdout } = await promisify(execFile)("sh", words);
  expect(stdout).toBe("ENVIRONMENT_UNUSABLE");
});

it("gives out what is written without line breaks in pieces, and keeps none of it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hostler-zygote-"));
  const reception = await Reception.open();
  try {
    const interpreter = join(folder, "python");
    const written = 1_000_000;
    const lines = [
      "#!/bin/sh",
      '[ "$1" = -c ] && echo 3.11.0 && exit',
      `head -c ${String(written)} /dev/zero | tr '\\0' x`,
    ];
    await writeFile(interpreter, lines.join("\n"), { mode: 0o755 });
    const logger = new RecordingLogger();
    const options = { interpreter, program: "", imports: [], environment: process.env, reception, logger };
    const start = Zygote.start({ ...options, onGone: () => undefined });
    await expect(start).rejects.toMatchObject({ code: "ENVIRONMENT_UNUSABLE" });
    const pieces = (): readonly number[] => logger.of("worker output").map(({ line }) => String(line).length);
    await expect.poll(() => pieces().reduce((sum, length) => sum + length, 0)).toBe(written);
    expect(Math.max(...pieces())).toBeLessThan(200_000);
  } finally {
    await reception.stop();
    await rm(folder, { recursive: true, force: true });
  }
}, 30_000);
