import { join } from "node:path";
import { expect, it } from "vitest";
import { RecordingLogger } from "../../core/testing/recorders.ts";
import { VirtualClock } from "../../core/testing/virtual-clock.ts";
import { ForkedEnvironment } from "./forked-environment.ts";
import { Reception } from "./reception.ts";

it("starts no zygote any more once it has been stopped", async () => {
  const reception = await Reception.open();
  const environment = new ForkedEnvironment({
    interpreter: process.env["HOSTLER_PYTHON"] ?? "python3",
    program: join(import.meta.dirname, "../../../python/src/hostler/__main__.py"),
    role: "handler",
    imports: [],
    variables: process.env,
    reception,
    clock: new VirtualClock(),
    logger: new RecordingLogger(),
  });
  try {
    await environment.stop();
    await expect(environment.warm()).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
    expect(environment.zygotePid).toBeNull();
  } finally {
    await environment.stop();
    await reception.stop();
  }
}, 30_000);
