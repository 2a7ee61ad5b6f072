import { mkdir, writeFile } from "node:fs/promises";
import { Agent } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { Cleanup } from "../support/cleanup.ts";
import { temporaryFolder } from "../support/folders.ts";
import { type HttpReply, send } from "../support/http.ts";
import { type RunningModelHost, startModelHost } from "../support/model-host.ts";
import { hostlerCommand } from "../support/paths.ts";
import { freePort } from "../support/ports.ts";
import { kill } from "../support/processes.ts";

const names = ["a", "b", "c", "d"] as const;
/** The one that is never unloaded: what happens to the others is nothing to its callers. */
const steady = "d";
const calls = 1_000;
/** Two of five calls load or unload; those that would unload the steady model call it. */
const steadyInvokes = (calls / names.length) * (4 / 5);
const handler = `import os
name = os.path.basename(os.path.dirname(os.getcwd()))
def handle(data, context):
    return None if data is None else [name + ":" + bytes(one["body"]).decode() for one in data]
`;

/**
 * What the contract allows each call to be answered with. A load that an unload overtakes has failed (500); a call whose
 * model goes, or whose worker is killed, is turned away (404, 503).
 */
const allowed = {
  load: new Set([200, 409, 500]),
  unload: new Set([200, 404]),
  invoke: new Set([200, 404, 503]),
} as const;
type Operation = keyof typeof allowed;

const page = z.object({ models: z.array(z.object({ modelName: z.string() })) });

describe("a thousand loads, unloads and calls of the same names at once", () => {
  const cleanup = new Cleanup();
  const agent = new Agent({ keepAlive: true });
  let host: RunningModelHost;
  let folder: string;
  let url: string;

  beforeAll(async () => {
    const temporary = await temporaryFolder();
    cleanup.add(temporary.remove);
    folder = temporary.path;
    for (const name of names) {
      await mkdir(folderOf(name), { recursive: true });
      await writeFile(join(folderOf(name), "service.py"), handler);
    }
    const port = String(await freePort());
    host = await startModelHost({
      command: [hostlerCommand, "serve"],
      env: {
        ...{ SAGEMAKER_MULTI_MODEL: "true", SAGEMAKER_BIND_TO_PORT: port, SAGEMAKER_BASE_DIR: folder },
        ...{ SAGEMAKER_HANDLER: "service.py:handle", MMS_JOB_QUEUE_SIZE: String(calls) },
      },
      cwd: folder,
    });
    cleanup.add(async () => {
      await host.server.stop();
    });
    url = `http://127.0.0.1:${port}`;
  });
  afterAll(async () => {
    agent.destroy();
    await cleanup.run();
  });

  function folderOf(name: string): string {
    return join(folder, "models", name, "model");
  }

  function ask(operation: Operation, name: string, text = ""): Promise<HttpReply> {
    switch (operation) {
      case "load": {
        const body = JSON.stringify({ model_name: name, url: folderOf(name) });
        return send(url, { method: "POST", path: "/models", body, agent });
      }
      case "unload":
        return send(url, { method: "DELETE", path: `/models/${name}`, agent });
      case "invoke":
        return send(url, { method: "POST", path: `/models/${name}/invoke`, body: text, agent });
    }
  }

  async function listed(): Promise<readonly string[]> {
    const { body } = await send(url, { method: "GET", path: "/models", agent });
    return page.parse(JSON.parse(body)).models.map(({ modelName }) => modelName);
  }

  function handlers(): readonly number[] {
    return host.server.processes().flatMap(({ name, pid }) => (name === "hostler-handler" ? [pid] : []));
  }

  /** What cannot be, in words. */
  function wrong(
    operation: Operation,
    name: string,
    text: string,
    { status, body }: HttpReply,
  ): readonly string[] {
    if (!allowed[operation].has(status)) return [`${operation} ${name}: ${String(status)} ${body}`];
    const isAnother = operation === "invoke" && status === 200 && body !== `${name}:${text}`;
    return isAnother ? [`${name} was asked ${text} and answered ${body}`] : [];
  }

  async function storm(during: () => void): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    const order = ["load", "invoke", "invoke", "unload", "invoke"] as const;
    const all = Array.from({ length: calls }, async (_, index) => {
      const name = names[(index * 7) % names.length] ?? "a";
      const drawn = order[index % order.length] ?? "invoke";
      const operation = drawn === "unload" && name === steady ? "invoke" : drawn;
      const reply = await ask(operation, name, String(index));
      const key = `${operation} ${String(reply.status)}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      return wrong(operation, name, String(index), reply);
    });
    during();
    expect((await Promise.all(all)).flat()).toEqual([]);
    return counts;
  }

  /** What the list says is what answers, and there is a process for each and none beside. */
  async function expectConsistent(): Promise<void> {
    const there = await listed();
    for (const name of names) {
      const { status, body } = await ask("invoke", name, "still");
      expect([name, status]).toEqual([name, there.includes(name) ? 200 : 404]);
      if (status === 200) expect(body).toBe(`${name}:still`);
    }
    expect(handlers()).toHaveLength(there.length);
    for (const name of there) expect((await ask("unload", name)).status).toBe(200);
    expect([await listed(), handlers()]).toEqual([[], []]);
  }

  test("are all answered as the contract has it, and leave the list true and nothing behind", async () => {
    // Zygotes and caches of a first round are not what is measured.
    for (const name of names) expect((await ask("load", name)).status).toBe(200);
    await expectConsistent();
    expect((await ask("load", steady)).status).toBe(200);
    const counts = await storm(() => undefined);
    expect(counts.get("load 200")).toBeGreaterThan(0);
    expect(counts.get("unload 200")).toBeGreaterThan(0);
    expect(counts.get("invoke 200")).toBeGreaterThanOrEqual(steadyInvokes);
    await expectConsistent();
  });

  test("also while workers and zygotes are killed", async () => {
    for (const name of names) expect((await ask("load", name)).status).toBe(200);
    await storm(() => {
      const zygotes = host.server.processes().filter(({ name }) => name === "hostler-zygote");
      kill(...handlers().slice(0, 2), ...zygotes.slice(0, 1).map(({ pid }) => pid));
    });
    // A worker that was killed last may still be on its way back.
    for (const name of await listed()) await ask("invoke", name, "wait");
    await expectConsistent();
  });
});
