import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { startHostler, type RunningHostler } from "../support/hostler.ts";
import { get, send, sendForBytes, type HttpReply } from "../support/http.ts";
import { madeAnswers, repositoryOf } from "../support/models.ts";

describe("a served folder, called as SageMaker's containers are", () => {
  const cleanup = new Cleanup();
  const { wideRows, answers } = madeAnswers();
  const expected = answers["wide"]?.["predict"];
  let server: RunningHostler;

  beforeAll(async () => {
    const repository = await repositoryOf("wide");
    cleanup.add(repository.remove);
    server = await startHostler({ repository: repository.path });
    cleanup.add(() => server.stop());
  });

  afterAll(() => cleanup.run());

  const csv = wideRows.map((row) => row.join(",")).join("\n");

  function invoke(type: string, body: string | Uint8Array, headers: Record<string, string> = {}) {
    const path = "/models/wide/invoke";
    return send(server.url, { method: "POST", path, headers: { "content-type": type, ...headers }, body });
  }

  function lines(reply: HttpReply): readonly number[] {
    expect(reply.status).toBe(200);
    return reply.body.trimEnd().split("\n").map(Number);
  }

  test("is well", async () => {
    expect((await get(server.url, "/ping")).status).toBe(200);
  });

  test("1,000 rows of CSV", async () => {
    const reply = await invoke("text/csv; charset=utf-8", csv);
    expect(reply.headers["content-type"]).toBe("text/csv");
    expect(lines(reply)).toEqual(expected);
  });

  test("CSV to the only model there is", async () => {
    const headers = { "content-type": "text/csv" };
    const reply = await send(server.url, { method: "POST", path: "/invocations", headers, body: csv });
    expect(lines(reply)).toEqual(expected);
  });

  test("JSON lines, answered in JSON", async () => {
    const body = wideRows.map((row) => JSON.stringify(row)).join("\n");
    const reply = await invoke("application/jsonlines", body, { accept: "application/json" });
    expect(JSON.parse(reply.body)).toEqual({ predictions: expected });
  });

  test("instances", async () => {
    const reply = await invoke("application/json", JSON.stringify({ instances: wideRows }));
    expect(JSON.parse(reply.body)).toEqual({ predictions: expected });
  });

  test("V2 in Triton's binary form", async () => {
    const numbers = Buffer.from(new Float64Array(wideRows.flat()).buffer);
    const shape = [wideRows.length, wideRows[0]?.length];
    const parameters = { binary_data_size: numbers.length };
    const header = JSON.stringify({
      inputs: [{ name: "x", shape, datatype: "FP64", parameters }],
      outputs: [{ name: "predict", parameters: { binary_data: true } }],
    });
    const type = "application/vnd.sagemaker-triton.binary+json;json-header-size=";
    const reply = await sendForBytes(server.url, {
      method: "POST",
      path: "/models/wide/invoke",
      headers: { "content-type": type + String(header.length) },
      body: Buffer.concat([Buffer.from(header), numbers]),
    });
    const size = Number(reply.headers["content-type"]?.slice(type.length));
    const bytes = reply.bytes.subarray(size);
    const labels = Array.from({ length: bytes.length / 8 }, (_, row) =>
      Number(bytes.readBigInt64LE(row * 8)),
    );
    expect(labels).toEqual(expected);
  });

  test("what is wrong, with its place", async () => {
    const short = await invoke("text/csv", "1,2");
    expect([short.status, JSON.parse(short.body)]).toMatchObject([
      400,
      { field: "inputs[0].shape", got: "[1,2]" },
    ]);
    const picture = await invoke("image/png", "1,2");
    expect([picture.status, JSON.parse(picture.body)]).toMatchObject([415, { field: "content-type" }]);
    const page = await invoke("text/csv", csv, { accept: "text/html" });
    expect([page.status, JSON.parse(page.body)]).toMatchObject([406, { field: "accept", got: "text/html" }]);
  });
});
