import { Agent } from "node:http";
import { gunzipSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { startHostler, type RunningHostler } from "../support/hostler.ts";
import { send, sendForBytes, type HttpReply } from "../support/http.ts";
import { errorBody, inferRequest, outputData } from "../support/infer.ts";
import { madeAnswers, repositoryOf } from "../support/models.ts";

const mebibyte = 1024 * 1024;
const maxBodyBytes = 4 * mebibyte;

describe("request and reply bodies", () => {
  const cleanup = new Cleanup();
  const { wideRows, answers } = madeAnswers();
  const expected = answers["wide"]?.["predict"];
  let server: RunningHostler;

  beforeAll(async () => {
    const repository = await repositoryOf("wide", "identity");
    cleanup.add(repository.remove);
    server = await startHostler({ repository: repository.path, args: ["--max-body", "4MiB"] });
    cleanup.add(() => server.stop());
  });

  afterAll(() => cleanup.run());

  const large = inferRequest("wide", wideRows);
  const largeBytes = Buffer.from(large.body as string);
  const small = inferRequest("wide", wideRows.slice(0, 2));
  const smallBytes = Buffer.from(small.body as string);

  function expectAll(reply: HttpReply): void {
    const data = outputData(reply);
    const wrong = data.filter((label, row) => label !== expected?.[row]);
    expect([data.length, wrong]).toEqual([1000, []]);
  }

  describe("large ones", () => {
    test("1,000 rows of 30, nested", async () => {
      expectAll(await send(server.url, large));
    });

    test("1,000 rows of 30, flat", async () => {
      const inputs = [{ name: "x", shape: [1000, 30], datatype: "FP32", data: wideRows.flat() }];
      expectAll(await send(server.url, { ...large, body: JSON.stringify({ inputs }) }));
    });

    test("1,000 rows of 30, with white space and members in any order", async () => {
      const inputs = [{ data: wideRows, shape: [1000, 30], datatype: "FP64", name: "x" }];
      const reply = await send(server.url, {
        ...large,
        body: JSON.stringify({ inputs, id: "late" }, null, 2),
      });
      expectAll(reply);
      expect(JSON.parse(reply.body)).toMatchObject({ id: "late" });
    });

    test("two outputs of 1,000 rows", async () => {
      const reply = await send(
        server.url,
        inferRequest("wide", wideRows, { outputs: ["predict_proba", "predict"] }),
      );
      expect(outputData(reply, "predict")).toHaveLength(1000);
      const probabilities = outputData(reply, "predict_proba") as number[];
      const wanted = answers["wide"]?.["predict_proba"]?.flat() ?? [];
      const off = probabilities.filter((value, index) => Math.abs(value - (wanted[index] ?? NaN)) > 1e-9);
      expect([probabilities.length, off]).toEqual([3000, []]);
    });
  });

  describe("integers of 64 bits", () => {
    const odd = ["9007199254740993", "-9223372036854775808", "9223372036854775807", "-9007199254740995", "0"];
    const huge = ["18446744073709551615", "9007199254740993", "0", "1", "2"];

    async function echo(datatype: string, digits: readonly string[]): Promise<string> {
      const input = `{"name":"x","shape":[${String(digits.length)},1],"datatype":"${datatype}","data":[${digits.join(",")}]}`;
      const { body } = await send(server.url, {
        method: "POST",
        path: "/v2/models/identity/infer",
        body: `{"inputs":[${input}]}`,
      });
      return /"data":\[([^\]]*)\]/.exec(body)?.[1] ?? body;
    }

    test.each([
      ["INT64", odd],
      ["UINT64", huge],
    ])("come back digit by digit: %s", async (datatype, digits) => {
      expect(await echo(datatype, digits)).toBe(digits.join(","));
    });

    test.each([
      ["INT64", odd],
      ["UINT64", huge],
    ])("come back digit by digit out of a large body: %s", async (datatype, digits) => {
      const many = Array.from({ length: 2000 }, () => digits).flat();
      // Not the texts themselves: nobody reads a difference of 200 KB.
      expect((await echo(datatype, many)) === many.join(",")).toBe(true);
    });
  });

  test("the binary extension, as Triton's clients speak it", async () => {
    const rows = new Float64Array(wideRows.flat());
    const head = JSON.stringify({
      inputs: [
        { name: "x", shape: [1000, 30], datatype: "FP64", parameters: { binary_data_size: rows.byteLength } },
      ],
      parameters: { binary_data_output: true },
    });
    const reply = await sendForBytes(server.url, {
      ...large,
      headers: { "inference-header-content-length": String(head.length) },
      body: Buffer.concat([Buffer.from(head), Buffer.from(rows.buffer)]),
    });
    expect([reply.status, reply.headers["content-type"]]).toEqual([200, "application/octet-stream"]);
    const headBytes = Number(reply.headers["inference-header-content-length"]);
    expect(JSON.parse(reply.bytes.toString("utf8", 0, headBytes))).toMatchObject({
      outputs: [{ shape: [1000, 1], datatype: "INT64", parameters: { binary_data_size: 8000 } }],
    });
    const labels = reply.bytes.subarray(headBytes);
    const wrong = (expected ?? []).filter(
      (label, row) => labels.readBigInt64LE(8 * row) !== BigInt(Number(label)),
    );
    expect(wrong).toEqual([]);
  });

  describe("compressed", () => {
    test.each([
      ["gzip", gzipSync(largeBytes)],
      ["deflate", deflateSync(largeBytes)],
      ["GZIP", gzipSync(largeBytes)],
      ["identity", largeBytes],
    ])("%s is unpacked", async (encoding, body) => {
      expectAll(await send(server.url, { ...large, headers: { "content-encoding": encoding }, body }));
    });

    test("what unpacks to more than --max-body is refused", async () => {
      const bomb = gzipSync(Buffer.alloc(100 * mebibyte));
      expect(bomb.byteLength).toBeLessThan(mebibyte);
      const reply = await send(server.url, { ...large, headers: { "content-encoding": "gzip" }, body: bomb });
      expect([reply.status, errorBody(reply).code]).toEqual([413, "PAYLOAD_TOO_LARGE"]);
    });

    test("what cannot be unpacked, or not by us, is refused", async () => {
      const packed = gzipSync(largeBytes);
      const broken = { ...large, headers: { "content-encoding": "gzip" }, body: packed.subarray(0, 500) };
      expect((await send(server.url, broken)).status).toBe(400);
      expect((await send(server.url, { ...broken, body: "not gzip" })).status).toBe(400);
      const unknown = await send(server.url, { ...large, headers: { "content-encoding": "br" } });
      expect([unknown.status, errorBody(unknown).field]).toEqual([415, "content-encoding"]);
    });
  });

  describe("over --max-body", () => {
    const tooLarge = Buffer.alloc(3 * maxBodyBytes, " ");

    test.each<[string, Uint8Array | readonly Uint8Array[]]>([
      ["announced", tooLarge],
      ["in chunks", Array.from({ length: 3 * 64 }, () => tooLarge.subarray(0, maxBodyBytes / 64))],
    ])("%s is refused, and the client is told", async (_how, body) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const reply = await send(server.url, { ...small, body, agent });
      expect(reply.status).toBe(413);
      expect(errorBody(reply)).toMatchObject({
        field: "body",
        expected: `at most ${String(maxBodyBytes)} bytes`,
        hint: expect.stringContaining("--max-body") as unknown,
      });
      expect((await send(server.url, { ...small, agent })).status).toBe(200);
      agent.destroy();
    });

    test("just below it is not", async () => {
      const body = Buffer.concat([smallBytes, Buffer.alloc(maxBodyBytes - smallBytes.byteLength, " ")]);
      expect((await send(server.url, { ...small, body })).status).toBe(200);
    });
  });

  describe("however it is sent", () => {
    test("in chunks", async () => {
      const body = Array.from({ length: 10 }, (_, index) =>
        largeBytes.subarray(index * 100_000, (index + 1) * 100_000),
      );
      expectAll(await send(server.url, { ...large, body }));
    });

    test.each([
      ["without a content type, as tritonclient does", {}],
      ["as application/octet-stream", { "content-type": "application/octet-stream" }],
      ["as text/plain", { "content-type": "text/plain; charset=utf-8" }],
      ["as a form, as curl does", { "content-type": "application/x-www-form-urlencoded" }],
      ["as JSON with a charset", { "content-type": "application/json; charset=utf-8" }],
      ["after asking whether it may", { expect: "100-continue" }],
    ])("%s", async (_how, headers: Record<string, string>) => {
      expect(outputData(await send(server.url, { ...small, headers }))).toEqual(expected?.slice(0, 2));
    });
  });

  describe("replies", () => {
    /** How the reply was encoded, and whether it was right. */
    async function fetched(rows: number, accepted: string | null): Promise<[string | undefined, boolean]> {
      const headers = accepted === null ? {} : { "accept-encoding": accepted };
      const reply = await sendForBytes(server.url, {
        ...inferRequest("wide", wideRows.slice(0, rows)),
        headers,
      });
      const encoding = reply.headers["content-encoding"];
      expect(reply.headers["content-length"]).toBe(String(reply.bytes.byteLength));
      const body = (encoding === "gzip" ? gunzipSync(reply.bytes) : reply.bytes).toString("utf8");
      const wanted = JSON.stringify(expected?.slice(0, rows));
      return [encoding, JSON.stringify(outputData({ ...reply, body })) === wanted];
    }

    test("are compressed for those who take that, from 500 bytes on", async () => {
      expect(await fetched(1000, "gzip, deflate, br")).toEqual(["gzip", true]);
      expect(await fetched(1000, "br;q=1.0, gzip;q=0.5")).toEqual(["gzip", true]);
      expect(await fetched(1, "gzip, deflate, br")).toEqual([undefined, true]);
    });

    test("are not compressed for others", async () => {
      for (const accepted of [null, "identity", "br", "gzip;q=0, identity"])
        expect([accepted, ...(await fetched(1000, accepted))]).toEqual([accepted, undefined, true]);
    });
  });
});
