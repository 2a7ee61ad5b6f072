import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import type {
  HandlerLaunch,
  HandlerOutcome,
  HandlerProcess,
  HandlerRequest,
} from "../../src/core/ports/handler-launcher.ts";
import { RecordingLogger } from "../../src/core/testing/recorders.ts";
import { whole } from "../../src/core/testing/whole-body.ts";
import { PythonRuntime } from "../../src/runtimes/python/python-runtime.ts";
import { systemClock } from "../../src/server/system-clock.ts";
import { Cleanup } from "./cleanup.ts";
import { temporaryFolder } from "./folders.ts";
import { pythonInterpreter } from "./paths.ts";

const interpreter = pythonInterpreter();

/** Handlers in real processes: one runtime for a file of tests, a folder and an empty log for each of them. */
export class HandlerRig {
  readonly cleanup = new Cleanup();
  runtime: PythonRuntime = this.newRuntime();
  folder = "";
  /** What the handlers have written, each line with where it came from. */
  lines: string[] = [];

  newRuntime(): PythonRuntime {
    return new PythonRuntime({
      interpreter,
      workers: 1,
      environment: { ...process.env, SERVERS_OWN: "1" },
      clock: systemClock,
      logger: new RecordingLogger(),
      onRestart: () => undefined,
    });
  }

  async launchOf(module: string, more: Partial<HandlerLaunch> = {}): Promise<HandlerLaunch> {
    await writeFile(join(this.folder, "h.py"), module);
    return {
      modelName: "m",
      modelFolder: this.folder,
      handler: "h:handle",
      manifest: null,
      batchSize: 1,
      gpuId: null,
      decodesInput: false,
      variables: {},
      interpreter,
      ...more,
    };
  }

  async start(module: string, more: Partial<HandlerLaunch> = {}): Promise<HandlerProcess> {
    const launch = await this.launchOf(module, more);
    const started = await this.runtime.startHandler(launch, (source, text) => {
      this.lines.push(`${source}: ${text}`);
    });
    this.cleanup.add(() => started.stop(0));
    return started;
  }
}

/** A rig for the tests of this file. */
export function useHandlers(): HandlerRig {
  const rig = new HandlerRig();
  beforeAll(() => rig.runtime.warmHandlers(interpreter));
  afterAll(() => rig.runtime.stop());
  beforeEach(async () => {
    rig.lines = [];
    const temporary = await temporaryFolder();
    rig.cleanup.add(temporary.remove);
    rig.folder = temporary.path;
  });
  afterEach(() => rig.cleanup.run());
  return rig;
}

export function handlerRequest(body: string | Uint8Array, headers: readonly string[] = []): HandlerRequest {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  return { id: "id", headers, inputs: [{ name: "body", contentType: "text/plain", bytes }] };
}

/** The bodies of the answers to a batch; what became of it, where it has none. */
export function textOf(outcome: HandlerOutcome): string {
  if (outcome.kind !== "answered") return JSON.stringify(outcome);
  return outcome.items.map(({ body }) => Buffer.from(whole(body)).toString()).join("|");
}
