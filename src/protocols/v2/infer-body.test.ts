import { describe, expect, it } from "vitest";
import { ServingError } from "../../contracts/serving-error.ts";
import { specOf } from "../../core/testing/specs.ts";
import type { InferRequest } from "../http/payloads/v2/decode.ts";
import { callParameters, readInferRequest, writeInferReply } from "./infer-body.ts";

const header = "inference-header-content-length";
const spec = specOf("m");
const result = {
  outputs: [
    {
      name: "predict",
      datatype: "INT32",
      shape: [2, 1],
      data: { encoding: "binary", bytes: new Uint8Array(Int32Array.of(7, -1).buffer) },
    },
    {
      name: "label",
      datatype: "BYTES",
      shape: [1, 1],
      data: { encoding: "binary", bytes: Uint8Array.of(2, 0, 0, 0, 0x68, 0x69) },
    },
  ],
} as const;

function framed(json: unknown, ...parts: readonly Uint8Array[]): { headers: object; body: Buffer } {
  const head = Buffer.from(JSON.stringify(json));
  return { headers: { [header]: String(head.length) }, body: Buffer.concat([head, ...parts]) };
}

function input(size: number, shape = [1, 2]): object {
  return { name: "x", shape, datatype: "FP32", parameters: { binary_data_size: size } };
}

function refusal(task: () => unknown): ServingError {
  try {
    task();
  } catch (error) {
    if (error instanceof ServingError) return error;
    throw error;
  }
  throw new Error("It was taken.");
}

describe("readInferRequest", () => {
  const floats = new Uint8Array(Float32Array.of(1.5, -2).buffer);

  it("reads tensors behind the JSON", () => {
    const { headers, body } = framed(
      { inputs: [input(8)], parameters: { binary_data_output: true } },
      floats,
    );
    const request = readInferRequest({ ...headers }, body);
    expect(request.tensors).toMatchObject([{ name: "x", shape: [1, 2], datatype: "FP32" }]);
    expect(request.tensors[0]?.data).toEqual({ encoding: "binary", bytes: Buffer.from(floats) });
    expect(request.tensors[0]?.parameters).toBeUndefined();
    expect(request.parameters).toBeNull();
    expect(request.isBinary?.("any")).toBe(true);
  });

  it("takes a tensor without elements, which has neither bytes nor the header", () => {
    const body = Buffer.from(JSON.stringify({ inputs: [input(0, [0, 2])] }));
    expect(readInferRequest({}, body).tensors[0]?.data).toEqual({
      encoding: "binary",
      bytes: new Uint8Array(0),
    });
    const more = Buffer.from(JSON.stringify({ inputs: [input(0)] }));
    expect(refusal(() => readInferRequest({}, more)).details.field).toBe("inputs[0].data");
  });

  it.each(["0", "", "-1", "1e2", "0x10", "999", "1.5", "NaN"])("refuses the length %j", (bytes) => {
    const { body } = framed({ inputs: [input(8)] }, floats);
    expect(refusal(() => readInferRequest({ [header]: bytes }, body)).details).toMatchObject({
      field: header,
      got: bytes,
    });
  });

  it.each([
    ["too few bytes", framed({ inputs: [input(8)] }, floats.subarray(1))],
    ["too many", framed({ inputs: [input(8)] }, floats, Uint8Array.of(0))],
    ["not what the shape wants", framed({ inputs: [input(8, [1, 3])] }, floats)],
    ["data beside them", framed({ inputs: [{ ...input(8), data: [1, 2] }] }, floats)],
  ])("refuses %s", (_what, { headers, body }) => {
    expect(refusal(() => readInferRequest({ ...headers }, body)).code).toBe("INVALID_REQUEST");
  });
});

describe("callParameters", () => {
  const own = { ...spec, metadata: { ...spec.metadata, parameters: { content_type: "pd" } } };

  function told(model: typeof spec, parameters?: object): unknown {
    const json = { inputs: [{ ...input(8), parameters: {}, data: [1, 2] }], parameters };
    return callParameters(model, readInferRequest({}, Buffer.from(JSON.stringify(json))));
  }

  it("tells the model the content type of the request, or else of its settings", () => {
    expect(told(spec, { content_type: "pd", k: 1 })).toEqual({ content_type: "pd", k: 1 });
    expect(told(own)).toEqual({ content_type: "pd" });
    expect(told(own, { content_type: "str" })).toEqual({ content_type: "str" });
  });

  it("says nothing of arrays, so that their calls may share a batch", () => {
    expect(told(spec)).toBeNull();
    expect(told(own, { content_type: "np" })).toBeNull();
    expect(told(spec, { content_type: "json", k: 1 })).toEqual({ k: 1 });
  });
});

describe("writeInferReply", () => {
  function wish(request: object): InferRequest {
    return readInferRequest(
      {},
      Buffer.from(JSON.stringify({ inputs: [{ ...input(8), data: [1, 2] }], ...request })),
    );
  }

  it("writes JSON where nothing else is asked for", () => {
    const { contentType, headers, body } = writeInferReply(spec, result, wish({ id: "a" }));
    expect([contentType, headers]).toEqual(["application/json", []]);
    expect(JSON.parse(String(body))).toMatchObject({
      id: "a",
      outputs: [{ data: [7, -1] }, { data: ["hi"] }],
    });
  });

  it("writes as bytes those outputs that are asked for as bytes", () => {
    const outputs = [{ name: "predict", parameters: { binary_data: false } }, { name: "label" }];
    const reply = writeInferReply(spec, result, wish({ outputs, parameters: { binary_data_output: true } }));
    expect(reply.contentType).toBe("application/octet-stream");
    const [name, length] = reply.headers;
    expect(name).toBe(header);
    const body = Buffer.from(reply.body);
    expect(JSON.parse(body.toString("utf8", 0, Number(length)))).toMatchObject({
      outputs: [{ data: [7, -1] }, { name: "label", parameters: { binary_data_size: 6 } }],
    });
    expect(body.subarray(Number(length))).toEqual(Buffer.from([2, 0, 0, 0, 0x68, 0x69]));
  });
});
