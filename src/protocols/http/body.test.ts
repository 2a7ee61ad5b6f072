import { once } from "node:events";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { deflateSync, gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../core/testing/virtual-clock.ts";
import { discardRest, packReply, readBody } from "./body.ts";

const limit = 1000;

/** A request whose body comes in these pieces. */
function requestOf(
  pieces: readonly (Buffer | string)[],
  headers: Readonly<Record<string, string>> = {},
): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  Object.assign(request.headers, headers);
  for (const piece of pieces) request.push(piece);
  request.push(null);
  return request;
}

describe("readBody", () => {
  it("puts pieces together, and copies nothing where there is one", async () => {
    expect(String(await readBody(requestOf(["ab", "c", "d"]), limit))).toBe("abcd");
    expect(String(await readBody(requestOf([]), limit))).toBe("");
  });

  it.each(["gzip", "GZIP", "x-gzip", "deflate", "identity", ""])("unpacks %j", async (encoding) => {
    const body = Buffer.from("x".repeat(limit));
    const pack =
      encoding === "identity" || encoding === ""
        ? (bytes: Buffer) => bytes
        : encoding === "deflate"
          ? deflateSync
          : gzipSync;
    const request = requestOf([pack(body)], { "content-encoding": encoding });
    expect(await readBody(request, limit)).toEqual(body);
  });

  it("refuses by its announcement what is too large", async () => {
    const request = requestOf([], { "content-length": "1001" });
    await expect(readBody(request, limit)).rejects.toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
      details: { limitBytes: limit, got: "1001" },
    });
  });

  it("refuses what turns out too large, and keeps no more of it", async () => {
    const request = requestOf([Buffer.alloc(600), Buffer.alloc(600), Buffer.alloc(600)]);
    await expect(readBody(request, limit)).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    expect(request.listenerCount("data")).toBe(0);
  });

  it("refuses what is too large when it is unpacked, without unpacking it all", async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const request = requestOf([bomb], { "content-encoding": "gzip" });
    await expect(readBody(request, 100_000)).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
  });

  it.each(["br", "gzip, gzip", "nonsense"])("refuses content-encoding: %s", async (encoding) => {
    const request = requestOf(["a"], { "content-encoding": encoding });
    await expect(readBody(request, limit)).rejects.toMatchObject({
      code: "UNSUPPORTED_ENCODING",
      details: { field: "content-encoding", got: encoding },
    });
  });

  it.each(["gzip", "deflate"])("refuses a body that is not %s though it says so", async (encoding) => {
    const request = requestOf(["not packed"], { "content-encoding": encoding });
    await expect(readBody(request, limit)).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      details: { field: "body" },
    });
    const cut = requestOf([gzipSync("a".repeat(500)).subarray(0, 20)], { "content-encoding": "gzip" });
    await expect(readBody(cut, limit)).rejects.toMatchObject({ code: "INVALID_REQUEST" });
  });

  it("ends when the caller goes away", async () => {
    const request = new IncomingMessage(new Socket());
    request.push("half of it");
    const body = readBody(request, limit);
    request.destroy(new Error("aborted"));
    await expect(body).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

describe("discardRest", () => {
  it("lets in what still comes, and leaves no timer behind", async () => {
    const clock = new VirtualClock();
    const request = new IncomingMessage(new Socket());
    request.push("refused");
    discardRest(request, clock);
    request.push("the rest");
    request.push(null);
    await once(request, "close");
    expect([request.readableEnded, clock.pending]).toEqual([true, 0]);
  });

  it("loses patience with who never ends", async () => {
    const clock = new VirtualClock();
    const request = new IncomingMessage(new Socket());
    discardRest(request, clock);
    await clock.advance(4_999);
    expect(request.destroyed).toBe(false);
    await clock.advance(1);
    expect(request.destroyed).toBe(true);
  });

  it("has nothing to do where all has come", () => {
    const clock = new VirtualClock();
    const request = new IncomingMessage(new Socket());
    request.complete = true;
    discardRest(request, clock);
    expect(clock.pending).toBe(0);
  });
});

describe("packReply", () => {
  const large = Buffer.from("[1,2,3]".repeat(100));

  it("packs what is large enough, for those who take it", async () => {
    const packed = await packReply(large, "deflate, gzip;q=1.0, *;q=0.5");
    expect(packed && gunzipSync(packed)).toEqual(large);
  });

  it.each([undefined, "", "br", "identity", "gzip;q=0"])(
    "leaves it as it is for those who send %j",
    async (accepted) => {
      expect(await packReply(large, accepted)).toBeNull();
    },
  );

  it("leaves small ones as they are", async () => {
    expect(await packReply(Buffer.alloc(499), "gzip")).toBeNull();
  });
});
