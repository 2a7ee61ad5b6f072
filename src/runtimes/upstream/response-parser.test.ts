import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../core/testing/fuzz.ts";
import { parseHead, type ResponseHead } from "./response-head.ts";
import { ResponseParser } from "./response-parser.ts";

interface Parsed {
  readonly head: ResponseHead | null;
  readonly body: string;
  readonly isEnded: boolean;
}

/** Parses an answer that comes in these pieces; `closes` says that the connection is closed after them. */
function parse(pieces: readonly Buffer[], { method = "POST", closes = false } = {}): Parsed {
  let head: ResponseHead | null = null;
  const body: Buffer[] = [];
  let ends = 0;
  const parser = new ResponseParser(method, {
    onHead: (parsed) => {
      head = parsed;
    },
    // What a read brought is overwritten by the next one.
    onData: (bytes) => {
      body.push(Buffer.from(bytes));
    },
    onEnd: () => {
      ends += 1;
    },
  });
  for (const piece of pieces) {
    const shared = Buffer.from(piece);
    parser.write(shared);
    shared.fill(0);
  }
  if (closes) parser.close();
  expect(ends).toBeLessThanOrEqual(1);
  return { head, body: Buffer.concat(body).toString("latin1"), isEnded: ends === 1 };
}

function answer(...lines: readonly string[]): Buffer {
  return Buffer.from(lines.join("\r\n"), "latin1");
}

function cutAt(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const cuts = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted(
    (a, b) => a - b,
  );
  return cuts.slice(1).map((cut, index) => bytes.subarray(cuts[index], cut));
}

const anyBody = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const anyCuts = fc.array(fc.nat(), { maxLength: 20 });

describe("an answer, in whatever pieces it comes", () => {
  it("is read the same with a length", () => {
    fc.assert(
      fc.property(anyBody, anyCuts, (body, cuts) => {
        const head = answer("HTTP/1.1 200 OK", "X-One: 1", `Content-Length: ${String(body.length)}`, "", "");
        const parsed = parse(cutAt(Buffer.concat([head, body]), cuts));
        expect(parsed).toMatchObject({ body: body.toString("latin1"), isEnded: true });
        expect(parsed.head?.headers).toEqual(["x-one", "1", "content-length", String(body.length)]);
      }),
      runs(200),
    );
  });

  it("is read the same in chunks, with extensions and trailers", () => {
    fc.assert(
      fc.property(fc.array(anyBody, { maxLength: 5 }), anyCuts, (bodies, cuts) => {
        const parts = bodies
          .filter((body) => body.length > 0)
          .flatMap((body) => [
            Buffer.from(`${body.length.toString(16)};name="value"\r\n`),
            body,
            Buffer.from("\r\n"),
          ]);
        const head = answer("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "");
        const bytes = Buffer.concat([head, ...parts, Buffer.from("0\r\nX-Trailer: 1\r\n\r\n")]);
        const parsed = parse(cutAt(bytes, cuts));
        expect(parsed).toMatchObject({ body: Buffer.concat(bodies).toString("latin1"), isEnded: true });
        expect(parsed.head?.headers).toEqual([]);
      }),
      runs(200),
    );
  });

  it("ends with the connection where it says nothing else", () => {
    fc.assert(
      fc.property(anyBody, anyCuts, (body, cuts) => {
        const pieces = cutAt(Buffer.concat([answer("HTTP/1.0 200 OK", "", ""), body]), cuts);
        expect(parse(pieces).isEnded).toBe(false);
        const parsed = parse(pieces, { closes: true });
        expect(parsed).toMatchObject({ body: body.toString("latin1"), isEnded: true });
        expect(parsed.head?.isKeptAlive).toBe(false);
      }),
      runs(100),
    );
  });

  it("never makes the parser fail otherwise than by saying so", () => {
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom(
          "HTTP/1.1 200 OK\r\n",
          "\r\n",
          "\r\n\r\n",
          "content-length: 3",
          "a: b",
          "5\r\n",
          "0\r\n\r\n",
        ),
        fc.string({ maxLength: 10 }),
      ),
    );
    fc.assert(
      fc.property(pieces, (texts) => {
        try {
          parse(texts.map((text) => Buffer.from(text)));
        } catch (error) {
          expect(error).toHaveProperty("name", "BadResponseError");
        }
      }),
      runs(300),
    );
    expect(true).toBe(true);
  });
});

describe("an answer", () => {
  it("may come after interim ones", () => {
    const bytes = answer("HTTP/1.1 103 Early Hints", "link: </a>", "", "HTTP/1.1 204 No Content", "", "");
    expect(parse([bytes])).toMatchObject({ head: { status: 204 }, isEnded: true });
  });

  it("to HEAD, and with 204 and 304, has no body whatever it says", () => {
    const bytes = answer("HTTP/1.1 200 OK", "content-length: 5", "", "");
    expect(parse([bytes], { method: "HEAD" }).isEnded).toBe(true);
    expect(parse([answer("HTTP/1.1 304 Not Modified", "content-length: 5", "", "")]).isEnded).toBe(true);
  });

  it("keeps several headers of one name, and none of the connection's", () => {
    const { headers, isKeptAlive, keepAliveMs } = parseHead(
      "HTTP/1.1 200 OK\r\nset-cookie: a\r\nSet-Cookie: b\r\nConnection: X-Hop, keep-alive\r\nx-hop: 1\r\n" +
        "keep-alive: timeout=5, max=3\r\ncontent-length:0",
      "GET",
    );
    expect(headers).toEqual(["set-cookie", "a", "set-cookie", "b", "content-length", "0"]);
    expect({ isKeptAlive, keepAliveMs }).toEqual({ isKeptAlive: true, keepAliveMs: 5000 });
  });

  it.each([
    ["HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0", false],
    ["HTTP/1.0 200 OK\r\ncontent-length: 0", false],
    ["HTTP/1.0 200 OK\r\nconnection: Keep-Alive\r\ncontent-length: 0", true],
    ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5", false],
  ])("says whether the connection can be used again: %j", (text, isKeptAlive) => {
    expect(parseHead(text, "GET").isKeptAlive).toBe(isKeptAlive);
  });

  it.each([
    "HTTP/2 200",
    "HTTP/1.1 99 Low",
    "ICY 200 OK",
    "",
    "HTTP/1.1 200 OK\r\nno colon",
    "HTTP/1.1 200 OK\r\nna me: 1",
    "HTTP/1.1 200 OK\r\n folded: 1",
    "HTTP/1.1 200 OK\r\na: b\nc: d",
    "HTTP/1.1 200 OK\r\na: \u0000",
    "HTTP/1.1 200 OK\r\ncontent-length: -1",
    "HTTP/1.1 200 OK\r\ncontent-length: 1, 2",
    "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked",
  ])("is refused where it is none: %j", (text) => {
    expect(() => parseHead(text, "GET")).toThrow(/\w/);
  });

  it.each(["zz\r\n", "5\nhello", "-5\r\n", "3\r\nabcd\r\n", "\r\n"])(
    "is refused with a chunk like %j",
    (chunk) => {
      const head = answer("HTTP/1.1 200 OK", "transfer-encoding: chunked", "", "");
      expect(() => parse([head, Buffer.from(chunk)])).toThrow(/chunk/);
    },
  );

  it("is refused with a head that does not end, and with anything behind it", () => {
    const long = Buffer.from(`HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(20_000)}`);
    expect(() => parse([long])).toThrow("over 64 KiB");
    const twice = answer("HTTP/1.1 204 No Content", "", "HTTP/1.1 200 OK", "", "");
    expect(() => parse([twice])).toThrow("more than one answer");
  });
});
