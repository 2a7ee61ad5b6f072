import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { temporaryFolder } from "../support/folders.ts";
import {
  comparable,
  mlserverGoldens,
  readDifferences,
  readGoldens,
  type Golden,
} from "../support/goldens.ts";
import { startHostler, type RunningHostler } from "../support/hostler.ts";
import { send, type HttpReply } from "../support/http.ts";
import { pythonInterpreter } from "../support/paths.ts";
import { runOrFail } from "../support/run.ts";

const goldens = readGoldens();
const { reasons, cases: differences } = readDifferences();

const [alike, unlike] = [
  goldens.filter(({ name }) => !(name in differences)),
  goldens.filter(({ name }) => name in differences),
];

describe("what MLServer answered, and what hostler answers", () => {
  const cleanup = new Cleanup();
  let server: RunningHostler;

  beforeAll(async () => {
    const folder = await temporaryFolder();
    cleanup.add(folder.remove);
    const repository = join(folder.path, "repository");
    await runOrFail([pythonInterpreter(), "-B", join(mlserverGoldens, "make_models.py"), repository]);
    server = await startHostler({ repository });
    cleanup.add(() => server.stop());
  });

  afterAll(() => cleanup.run());

  async function replay({ before, request, after }: Golden): Promise<HttpReply> {
    for (const step of before) await send(server.url, step);
    try {
      return await send(server.url, request);
    } finally {
      for (const step of after) await send(server.url, step);
    }
  }

  test.each(alike)("$name: the same", async (golden) => {
    expect(comparable(await replay(golden))).toEqual(comparable(golden.response));
  });

  test.each(unlike)("$name: better", async (golden) => {
    const ours = await replay(golden);
    const { status, body, error } = differences[golden.name] ?? {};
    expect(ours.status).toBe(status);
    if (body !== undefined) expect(comparable(ours)).toMatchObject({ body });
    for (const word of error ?? []) expect(errorOf(ours)).toContain(word);
    expect(comparable(ours)).not.toEqual(comparable(golden.response));
  });
});

test("every difference belongs to a golden and has a reason, and no reason is left over", () => {
  const names = new Set(goldens.map(({ name }) => name));
  expect(Object.keys(differences).filter((name) => !names.has(name))).toEqual([]);
  const used = new Set(Object.values(differences).map(({ reason }) => reason));
  expect([...used].sort()).toEqual(Object.keys(reasons).sort());
});

/** The text of an error reply, which is JSON with this one member. */
function errorOf({ body }: HttpReply): unknown {
  return (JSON.parse(body) as { error?: unknown }).error;
}
