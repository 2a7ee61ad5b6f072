import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { RecordingLogger } from "../../core/testing/recorders.ts";
import { VirtualClock } from "../../core/testing/virtual-clock.ts";
import { type FakeContainer, FakeEngine } from "../../engines/container/testing/fake-engine.ts";
import { InstanceLaunchers } from "./launcher.ts";
import { connectByFetch } from "./testing/fetch-backend.ts";
import { environmentOf, launchOrder, wanted } from "./testing/orders.ts";

let folder: string;
let fake: FakeEngine;
let launchers: InstanceLaunchers;
const clock = new VirtualClock();
const log = { line: (): void => undefined };
const order = launchOrder({ environment: environmentOf({ image: "scorer:1" }) });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hostler-outage-"));
});
afterEach(async () => {
  await stop();
  await fake.close();
  await rm(folder, { recursive: true });
});

async function open(container: FakeContainer = {}): Promise<void> {
  fake = await FakeEngine.open(container);
  launchers = new InstanceLaunchers({
    stateFolder: folder,
    interpreter: "python3",
    variables: { DOCKER_HOST: `unix://${fake.socket}` },
    engine: "container",
    allowsPull: false,
    clock,
    logger: new RecordingLogger(),
    startScoring: () => Promise.reject(new Error("not here")),
    connect: connectByFetch,
  });
}

async function stop(): Promise<void> {
  const stopped = launchers.stop();
  await clock.advance(60_000);
  await stopped;
}

it("an engine that answers no more does not hold up the stop", async () => {
  await open();
  fake.ignore("/containers/json");
  void launchers.start();
  await expect.poll(() => fake.calls).toContain("GET /containers/json");
  await stop();
});

it("an instance that ends before anybody looked at it is told by its exit code, and is no hopeless case", async () => {
  await open({ endsAtOnce: 3 });
  const prepared = await launchers.prepare(order, log);
  const launched = await prepared.launch(0, wanted);
  expect(await launched.ended).toEqual({ reason: "exit code 3", isHopeless: false });
});
