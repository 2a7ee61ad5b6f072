import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { endpointNameSchema } from "../contracts/control/names.ts";
import { RecordingLogger } from "../core/testing/recorders.ts";
import { VirtualClock } from "../core/testing/virtual-clock.ts";
import { EventLog } from "./event-log.ts";
import { Store } from "./store/store.ts";

it("events that cannot be written at the end are logged, and hold up nothing that is still to be stopped", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hostler-events-"));
  const store = new Store(join(folder, "db"));
  const logger = new RecordingLogger();
  const log = new EventLog({
    store,
    clock: new VirtualClock(),
    logger,
    timestamp: () => "2026-01-01T00:00:00Z",
  });
  log.add(endpointNameSchema.parse("shop"), null, {
    reason: "Scaled",
    message: "From 1 to 2.",
    level: "info",
  });
  store.close();
  log.stop();
  expect(logger.of("events could not be written")).toHaveLength(1);
  await rm(folder, { recursive: true });
});
