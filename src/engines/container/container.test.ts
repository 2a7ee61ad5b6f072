import { afterEach, describe, expect, it } from "vitest";
import type { Container } from "./container.ts";
import { ContainerEngine } from "./container-engine.ts";
import { type FakeContainer, FakeEngine } from "./testing/fake-engine.ts";

let fake: FakeEngine;
let engine: ContainerEngine;
const lines: string[] = [];

async function started(container: FakeContainer): Promise<Container> {
  lines.length = 0;
  fake = await FakeEngine.open(container);
  engine = await ContainerEngine.connect({ kind: "socket", path: fake.socket, from: fake.socket });
  return engine.start({
    ...{ image: "scorer:1", command: null, variables: {}, mounts: [], ports: [5001], labels: {} },
    ...{ memoryBytes: null, cpus: null },
    onLine: (_source, text) => {
      lines.push(text);
    },
  });
}

afterEach(async () => {
  await engine.stop();
  await fake.close();
});

it("a container ends where it is told to, and nothing of it is left", async () => {
  const container = await started({});
  expect(container.hostPort(5001)).toBe(49152);
  await container.stop(1_000);
  expect(await container.ended).toEqual({ code: 143, isOutOfMemory: false });
  expect(fake.isRemoved).toBe(true);
});

describe("a container that ends before anybody has looked at it", () => {
  it("is told by its exit code and its last words, not by the ports that it has no more", async () => {
    const container = await started({ endsAtOnce: 3, log: "no module named numpy\n" });
    expect(container.hostPort(5001)).toBe(0);
    expect(await container.ended).toEqual({ code: 3, isOutOfMemory: false });
    expect(lines).toEqual(["no module named numpy"]);
  });
});

it("of a container that cannot be reached nothing is left", async () => {
  await expect(started({ isUnpublished: true })).rejects.toThrow(
    "Port 5001 of the container c1 was not published",
  );
  expect(fake.isRemoved).toBe(true);
});

describe("a container that the engine cannot stop", () => {
  it("is taken away by force", async () => {
    const container = await started({ cannotStop: true });
    await container.stop(1_000);
    expect(fake.isRemoved).toBe(true);
    expect((await container.ended).code).toBe(137);
  });

  it("is given up where force does not help: whoever waits for its end goes on", async () => {
    const container = await started({ cannotStop: true, cannotRemove: true });
    await container.stop(1_000);
    expect(await container.ended).toEqual({ code: null, isOutOfMemory: false });
  });
});

it("an engine that does not answer in time is not alive", async () => {
  fake = await FakeEngine.open({});
  engine = await ContainerEngine.connect({ kind: "socket", path: fake.socket, from: fake.socket }, 1_000);
  fake.ignore("/version");
  expect(await engine.isAlive()).toBe(false);
});
