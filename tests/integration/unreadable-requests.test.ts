import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { startHostler, type RunningHostler } from "../support/hostler.ts";
import { get } from "../support/http.ts";
import { repositoryOf } from "../support/models.ts";

const cleanup = new Cleanup();
let server: RunningHostler;

beforeAll(async () => {
  const folder = await repositoryOf("plain");
  cleanup.add(folder.remove);
  server = await startHostler({ repository: folder.path });
  cleanup.add(() => server.stop());
});
afterAll(() => cleanup.run());

/** All that comes back for these bytes. */
async function sent(text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const { hostname, port } = new URL(server.url);
  const socket = connect({ host: hostname, port: Number(port) }, () => {
    socket.write(text);
  });
  let answer = "";
  socket.setEncoding("utf8");
  socket.on("data", (piece: string) => (answer += piece));
  socket.on("end", () => {
    resolve(answer);
  });
  socket.on("error", reject);
  return promise;
}

test.each([
  ["no HTTP at all", "hello\r\n\r\n", 400],
  ["a length that is none", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: many\r\n\r\n", 400],
  [
    "two ways to tell the length",
    "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
    400,
  ],
  ["headers without end", `GET / HTTP/1.1\r\nhost: x\r\nx-long: ${"a".repeat(20_000)}\r\n\r\n`, 431],
])("%s: a JSON error that says what was expected, and the connection ends", async (_, text, status) => {
  const answer = await sent(text);
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${String(status)} `));
  expect(head).toContain("content-type: application/json");
  expect(JSON.parse(body)).toMatchObject({ code: "INVALID_REQUEST", field: "request" });
  expect(JSON.parse(body)).toHaveProperty("error", expect.stringMatching(/^request: expected /));
  expect((await get(server.url, "/v2/health/live")).status).toBe(200);
});

test("what comes behind a request that was answered is refused alone", async () => {
  const answer = await sent("GET /v2/health/live HTTP/1.1\r\nhost: x\r\n\r\nhello\r\n\r\n");
  expect(answer.match(/HTTP\/1\.1 \d+/g)?.at(-1)).toBe("HTTP/1.1 400");
});
