import { expect, it, onTestFinished, vi } from "vitest";
import type { Backend } from "../../core/ports/backend.ts";
import { createApp, listen } from "../http-app.ts";
import { closeApp } from "../stopping.ts";
import { systemClock } from "../system-clock.ts";
import { Chain } from "./chain.ts";
import { registerPipeline } from "./routes.ts";
import type { Stage } from "./stage.ts";

/** Of a container that answers in pieces, the second one when it is told to. */
function stageOf(more: Promise<unknown>, left: () => void): Stage {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    try {
      yield Buffer.from("a piece");
      await more;
      yield Buffer.alloc(1_000_000);
    } finally {
      left();
    }
  }
  const backend: Backend = {
    address: null,
    call: () => ({
      outcome: Promise.resolve({ kind: "answered", status: 200, headers: [], body: pieces() }),
      cancel: () => undefined,
    }),
  };
  return {
    ...{ name: "one", backend, target: "/invocations", where: "nowhere", ended: null },
    stop: () => Promise.resolve(),
  };
}

it("the rest of an answer is left when its caller has left", async () => {
  const app = createApp();
  const more = Promise.withResolvers<undefined>();
  let isLeft = false;
  const stage = stageOf(more.promise, () => {
    isLeft = true;
  });
  const limits = { clock: systemClock, timeoutMs: 60_000, defaultAccept: null, maxBodyBytes: 1_000_000 };
  registerPipeline(app, {
    ...{ chain: new Chain(limits), stages: () => [stage], mode: "serial", clock: systemClock },
    ...{ maxBodyBytes: 1_000_000, isReady: () => true },
  });
  const url = await listen(app, { host: "127.0.0.1", port: 0 });
  onTestFinished(() => closeApp(app));
  let closed = 0;
  app.server.on("request", (_request, response) => {
    response.once("close", () => (closed += 1));
  });
  const leaving = new AbortController();
  const response = await fetch(`${url}/invocations`, { method: "POST", body: "x", signal: leaving.signal });
  await response.body?.getReader().read();
  leaving.abort();
  await vi.waitFor(() => {
    expect(closed).toBe(1);
  });
  more.resolve(undefined);
  await vi.waitFor(() => {
    expect(isLeft).toBe(true);
  });
});
