import { expect, it } from "vitest";
import type { Backend } from "../../core/ports/backend.ts";
import { isWell } from "./stage.ts";

it("a ping whose answer goes on is not read any further, and holds no connection", async () => {
  let cancelled = 0;
  const backend: Backend = {
    address: null,
    call: () => ({
      outcome: Promise.resolve({
        kind: "answered",
        status: 200,
        headers: [],
        body: (async function* () {
          yield await Promise.resolve(new Uint8Array(1));
        })(),
      }),
      cancel: () => {
        cancelled += 1;
      },
    }),
  };
  expect([await isWell({ backend }), cancelled]).toEqual([true, 1]);
});
