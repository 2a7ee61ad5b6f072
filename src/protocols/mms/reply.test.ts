import { once } from "node:events";
import { createServer } from "node:http";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../server/system-clock.ts";
import { itemReply, type MmsReply, sendReply } from "./reply.ts";

/** A stream that tells when nobody wants it any more. */
function watched(): { readonly pieces: AsyncGenerator<Uint8Array>; readonly left: Promise<undefined> } {
  const { promise: left, resolve } = Promise.withResolvers<undefined>();
  async function* pieces(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield await Promise.resolve(Buffer.from("more"));
    } finally {
      resolve(undefined);
    }
  }
  return { pieces: pieces(), left };
}

const server = createServer();
afterEach(async () => {
  server.closeAllConnections();
  if (server.listening) await once(server.close(), "close");
});

const fixed = { phrase: "", headers: [], error: null } as const;

test.each([
  ["GET", 204],
  ["GET", 304],
  ["HEAD", 200],
])("an answer to %s with status %i has no body: a stream is left", async (method, status) => {
  const { pieces, left } = watched();
  const reply: MmsReply = { ...fixed, status, body: pieces };
  server.once("request", (request, response) => {
    void sendReply({ request, response, clock: systemClock }, reply);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  expect((await fetch(`http://127.0.0.1:${String(port)}`, { method })).status).toBe(status);
  await left;
});

test("a stream whose head HTTP cannot carry is left", async () => {
  const { pieces, left } = watched();
  const item = { status: 99, phrase: "", headers: [], contentType: null, body: pieces };
  expect(() => itemReply(item)).toThrow("with status 99");
  await left;
});
