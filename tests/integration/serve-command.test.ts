import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { Cleanup } from "../support/cleanup.ts";
import { temporaryFolder } from "../support/folders.ts";
import { type RunningHostler, startCommand, startHostler } from "../support/hostler.ts";
import { Logs } from "../support/logs.ts";
import { hostlerCommand, pathWithShims, root } from "../support/paths.ts";
import { run } from "../support/run.ts";

const cleanup = new Cleanup();
const anyPorts = ["--port", "0", "--metrics-port", "0"] as const;
let folder: string;

function patience(): AbortSignal {
  return AbortSignal.timeout(20_000);
}

beforeEach(async () => {
  const { path, remove } = await temporaryFolder();
  cleanup.add(remove);
  folder = path;
});
afterEach(() => cleanup.run());

async function started(server: Promise<RunningHostler>): Promise<RunningHostler> {
  const running = await server;
  cleanup.add(() => running.stop());
  return running;
}

/** A model whose settings are not JSON: the third line lacks a comma. */
async function addBrokenModel(): Promise<void> {
  await mkdir(join(folder, "models", "odd"), { recursive: true });
  const settings = '{\n  "name": "odd"\n  "implementation": "mlserver_sklearn.SKLearnModel"\n}\n';
  await writeFile(join(folder, "models", "odd", "model-settings.json"), settings);
}

describe("hostler serve", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s ends it with 0, and leaves no process", async (signal) => {
    const server = await started(startHostler({ repository: folder }));
    expect(await server.stop(signal)).toEqual({ code: 0, signal: null });
    expect(server.logs.withoutProbes()).toContain("Stopped.");
  });

  test("it serves on, and stops, when whoever read its log has gone", async () => {
    const child = spawn(hostlerCommand, ["serve", folder, ...anyPorts], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    cleanup.add(() => void child.kill("SIGKILL"));
    const out = new Logs();
    out.follow(child.stdout);
    const { url } = z.object({ url: z.string() }).parse(await out.waitForMessage("listening", patience()));
    child.stdout.destroy();
    child.stderr.destroy();
    // Each of them is a line that cannot be written.
    for (let call = 0; call < 200; call += 1) {
      expect((await fetch(`${url}/v2/models/nope/infer`, { method: "POST", body: "{}" })).status).toBe(404);
    }
    child.kill("SIGTERM");
    const [code] = z.tuple([z.number(), z.null()]).parse(await once(child, "exit", { signal: patience() }));
    expect(code).toBe(0);
  });

  test("a start that fails ends also where its log cannot be written", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const { port } = z.object({ port: z.number() }).parse(holder.address());
    const child = spawn(hostlerCommand, ["serve", folder, "--port", String(port), "--metrics-port", "0"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    cleanup.add(() => void child.kill("SIGKILL"));
    child.stdout.destroy();
    child.stderr.destroy();
    const [code] = z.tuple([z.number(), z.null()]).parse(await once(child, "exit", { signal: patience() }));
    expect(code).toBe(5);
    holder.close();
  });

  test("what is said to people goes to standard error, and standard output is JSON lines", async () => {
    const child = spawn(hostlerCommand, ["serve", folder, ...anyPorts], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [out, err] = [new Logs(), new Logs()];
    out.follow(child.stdout);
    err.follow(child.stderr);
    await out.waitForMessage("ready", patience());
    child.kill("SIGTERM");
    await once(child, "close");
    expect(child.exitCode).toBe(0);
    expect(out.entries.map(({ msg }) => msg)).toEqual(expect.arrayContaining(["listening", "ready"]));
    expect(out.text.split("\n")).toHaveLength(out.entries.length);
    expect(err.text).toMatch(/^hostler \S+ serving .*\nReady after .*\nStopping: .*\nStopped\.$/);
  });

  test("a port that is taken is one sentence that names the holder", async () => {
    const taken = createServer();
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, "127.0.0.1", () => {
        const address = taken.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    cleanup.add(() => taken.close());
    const { code, stderr } = await run([hostlerCommand, "serve", folder, "--port", String(port)]);
    expect(code).toBe(5);
    expect(stderr).toMatch(
      new RegExp(
        `error: Port ${String(port)} of 127\\.0\\.0\\.1 is taken by .*\\(pid ${String(process.pid)}\\)`,
      ),
    );
    expect(stderr).toContain("0 takes any free one.");
  });

  test("off loopback it wants keys, and says how to give them", async () => {
    const { code, stderr } = await run([hostlerCommand, "serve", folder, "--host", "0.0.0.0", ...anyPorts]);
    expect(code).toBe(2);
    for (const way of ["--api-key-file", "HOSTLER_API_KEY", "--insecure-no-auth"])
      expect(stderr).toContain(way);
  });

  test("a broken model is told with its line, and is fatal only with --strict", async () => {
    await addBrokenModel();
    const server = await started(startHostler({ repository: folder }));
    const told = await server.logs.waitForMessage("model cannot be served", patience());
    expect(told["model"]).toBe("odd");
    expect(told["where"]).toMatch(/model-settings\.json:3/);
    const { code, stderr } = await run([hostlerCommand, "serve", folder, "--strict", ...anyPorts]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/where: .*model-settings\.json:3/);
  });
});

describe("mlserver start", () => {
  test("serves with hostler, and says where it does not listen", async () => {
    const server = await started(
      startCommand({ command: ["mlserver", "start", folder, ...anyPorts], env: { PATH: pathWithShims() } }),
    );
    const { notice } = await server.logs.waitForMessage("notice", patience());
    expect(notice).toContain("not on 0.0.0.0 as MLServer does");
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });
});

describe("hostler predict FOLDER", () => {
  const model = join(root, "examples", "multi-model", "models", "mnist-svm");

  test("asks a model that nobody serves, with the sample beside it", async () => {
    expect(await run([hostlerCommand, "predict", model, "--sample", "-q"])).toEqual({
      code: 0,
      stdout: "[8]\n",
      stderr: "",
    });
  });

  test("a folder of several models names them", async () => {
    const { code, stderr } = await run([hostlerCommand, "predict", join(model, ".."), "--sample"]);
    expect(code).toBe(3);
    expect(stderr).toContain("holds 2 models: mnist-svm, mushroom-xgboost.");
  });
});
