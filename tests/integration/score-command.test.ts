import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { root } from "../support/paths.ts";
import { ScoreFolder } from "../support/score-folder.ts";
import { until } from "../support/until.ts";

let house: ScoreFolder;
let children: ChildProcess[] = [];

beforeEach(async () => {
  house = await ScoreFolder.make();
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await house.dispose();
});

interface Started {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly code: Promise<unknown>;
}

/** The stand-in as anybody runs it. */
function azmlinfsrv(...argv: readonly string[]): Started {
  const child = spawn(join(root, "shims", "azmlinfsrv"), argv, {
    cwd: house.path,
    env: { ...process.env, ...house.tree.environment, HOSTLER_PYTHON: join(root, ".venv", "bin", "python") },
  });
  children.push(child);
  let text = "";
  const take = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  return { child, said: () => text, code: once(child, "close").then(([code]: unknown[]) => code) };
}

async function freePort(): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const close = async (): Promise<void> => {
    server.close();
    await once(server, "close");
  };
  return { port, close };
}

it.each([
  [["--port", "80"], 1, "Either provide an entry_script using --entry_script"],
  [["--entry_script", "score.py", "--port", "65536"], 1, "Specified port '65536' is invalid"],
  [["--nonsense"], 1, "unrecognized arguments: --nonsense"],
])("ends with azmlinfsrv's code for %j", async (argv, expected, text) => {
  const { code, said } = azmlinfsrv(...argv);
  expect(await code).toBe(expected);
  expect(said()).toContain(text);
});

it("ends with 3 where the script cannot be started, and with another where the port is taken", async () => {
  const { port, close } = await freePort();
  await house.script("def init(): raise ValueError('no')\ndef run(data): pass\n");
  const taken = azmlinfsrv("--entry_script", "score.py", "--port", String(port));
  expect(await taken.code).not.toBe(0);
  expect(taken.said()).toContain(`Cannot listen on 127.0.0.1:${String(port)}`);
  await close();
  const broken = azmlinfsrv("--entry_script", "score.py", "--port", String(port));
  expect(await broken.code).toBe(3);
  expect(broken.said()).toContain("score.py: init() failed: ValueError: no (score.py:1)");
});

it("serves until it is told to end", async () => {
  const { port, close } = await freePort();
  await close();
  await house.script("def init(): print('hello')\ndef run(data): return data\n");
  const { child, said, code } = azmlinfsrv("--entry_script", "score.py", "--port", String(port));
  const url = `http://127.0.0.1:${String(port)}/`;
  const health = await until("health", () =>
    fetch(url).then(
      (reply) => reply.text(),
      () => undefined,
    ),
  );
  expect(health).toBe("Healthy");
  expect(said()).toContain(`Server Port: ${String(port)}\n`);
  // The script's output comes by a way of its own.
  await until("the print", () => / I \[\d+\] azmlinfsrv\.print - hello\n/.exec(said()) ?? undefined);
  child.kill("SIGTERM");
  expect(await code).toBe(0);
});
