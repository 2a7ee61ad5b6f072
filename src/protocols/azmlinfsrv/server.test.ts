import { createServer, request as sendRequest } from "node:http";
import { once } from "node:events";
import { connect } from "node:net";
import { text as readText } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import type { BackendBody } from "../../core/ports/backend.ts";
import { VirtualClock } from "../../core/testing/virtual-clock.ts";
import { scoringListener } from "./server.ts";

interface Received {
  readonly text: string;
  readonly isComplete: boolean;
}

interface Head {
  readonly status?: number;
  readonly headers?: readonly string[];
}

/** A server on a port of its own, whose backend answers this. */
async function serve(body: BackendBody, { status = 200, headers = [] }: Head = {}): Promise<number> {
  const call = { outcome: Promise.resolve({ kind: "answered", status, headers, body } as const) };
  const backend = { address: null, call: () => ({ ...call, cancel: () => undefined }) };
  const server = createServer(scoringListener({ backend, clock: new VirtualClock(), maxBodyBytes: 10 }));
  onTestFinished(() => {
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

/** What a client gets of an answer with this body. */
async function receive(body: BackendBody, head: Head = {}): Promise<Received> {
  const port = await serve(body, head);
  return await new Promise((resolve, reject) => {
    const request = sendRequest({ host: "127.0.0.1", port, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => (text += piece));
      response.on("error", () => undefined);
      response.on("close", () => {
        resolve({ text, isComplete: response.complete });
      });
    });
    request.on("error", reject);
    request.end();
  });
}

async function* pieces(error: Error | null): AsyncGenerator<Uint8Array> {
  yield Buffer.from("a");
  yield await Promise.resolve(Buffer.from("b"));
  if (error !== null) throw error;
}

test("a stream arrives whole", async () => {
  expect(await receive(pieces(null))).toEqual({ text: "ab", isComplete: true });
});

test("of a stream that fails arrives what there was, and that it is not all", async () => {
  expect(await receive(pieces(new Error("run() failed")))).toEqual({ text: "ab", isComplete: false });
});

test.each([
  { headers: ["x-own", "\u20ac"] },
  { headers: ["two words", "x"] },
  { status: 101 },
  { status: 100 },
  { status: 1000 },
])("an answer that HTTP cannot carry fails alone: %j", async (head) => {
  for (const body of [Buffer.from("a"), pieces(null)]) {
    const { text } = await receive(body, head);
    expect(text).toContain("a status or a header that HTTP cannot carry");
  }
});

test("a body that is too large is refused, and may still be sent to its end", async () => {
  const port = await serve(Buffer.from("a"));
  const client = connect(port, "127.0.0.1");
  const part = Buffer.alloc(1_000_000);
  client.write(`POST /score HTTP/1.1\r\nhost: x\r\ncontent-length: ${String(part.length * 3)}\r\n\r\n`);
  client.write(part);
  const answer = readText(client);
  await once(client, "readable");
  // A client that sends on a connection that is closed loses the answer with it.
  for (let sent = 1; sent < 3; sent += 1) {
    await new Promise((resolve, reject) => {
      client.write(part, (error) => {
        if (error instanceof Error) reject(error);
        else resolve(undefined);
      });
    });
  }
  expect(await answer).toMatch(/^HTTP\/1\.1 413 [^]*larger than the server takes/);
});
