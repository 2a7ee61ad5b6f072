import { describe, expect, it } from "vitest";
import { ServingError } from "../../../contracts/serving-error.ts";
import { specOf } from "../../../core/testing/specs.ts";
import { type Element, elementsOf } from "../../../core/tensors/elements.ts";
import type { Tensor, TensorSignature } from "../../../core/tensors/tensor.ts";
import { createPayloadCodec } from "./codec.ts";

const codec = createPayloadCodec({ defaultAccept: null });
const spec = specOf("iris");

interface Sent {
  readonly type?: string;
  readonly accept?: string;
  readonly inputs?: readonly TensorSignature[];
}

function open(body: string | Buffer, { type = "", accept, inputs }: Sent = {}) {
  return codec.open(
    { contentType: type, accept: accept ?? null, bytes: Buffer.from(body) },
    { spec, inputs: inputs ?? null },
  );
}

interface Read {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly elements: readonly Element[];
}

/** The tensors that a body is read as. */
function read(body: string | Buffer, sent?: Sent): readonly Read[] {
  const { payload } = open(body, sent).call;
  if (payload.kind !== "tensors") throw new Error("no tensors");
  return payload.tensors.map(({ name, datatype, shape, data }) => ({
    name,
    datatype,
    shape,
    elements: data.encoding === "binary" ? elementsOf(datatype, data.bytes) : [],
  }));
}

function refusal(task: () => unknown): ServingError {
  try {
    task();
  } catch (error) {
    if (error instanceof ServingError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

const fp64 = (name: string, shape: readonly number[], values: readonly number[]): Tensor => ({
  name,
  datatype: "FP64",
  shape,
  data: { encoding: "binary", bytes: new Uint8Array(new Float64Array(values).buffer) },
});
const classes: Tensor = {
  name: "predict",
  datatype: "INT64",
  shape: [2],
  data: { encoding: "binary", bytes: new Uint8Array(new BigInt64Array([3n, -4n]).buffer) },
};
const scores = fp64("predict_proba", [2, 2], [0.25, 0.75, 1, 0]);

/** What a body is answered with. */
function answer(body: string, sent: Sent, outputs: readonly Tensor[]) {
  const { contentType, body: bytes } = open(body, sent).write({ outputs });
  return { contentType, text: Buffer.from(bytes).toString("latin1") };
}

const rows = [{ name: "input", datatype: "FP64", shape: [2, 2], elements: [1, 2.5, 3, -4] }];

describe("reading a body", () => {
  it.each([
    ["CSV", "text/csv", "1,2.5\n3,-4\n"],
    ["CSV with a charset", "text/csv; charset=utf-8", "1,2.5\r\n3,-4"],
    ["CSV with a header, where it says so", "text/csv; header=present", "a,b\n1,2.5\n3,-4"],
    ["instances", "application/json", '{"instances": [[1, 2.5], [3, -4]]}'],
    ["inputs", "application/json;charset=UTF-8", '{"inputs": [[1, 2.5], [3, -4]]}'],
    ["rows in an array", "application/json", "[[1, 2.5], [3, -4]]"],
    ["JSON lines", "application/jsonlines", "[1, 2.5]\n\n[3, -4]\n"],
    ["no type, CSV", "", "1,2.5\n3,-4"],
    ["no type, JSON", "", "[[1,2.5],[3,-4]]"],
    ["a form's type, as curl sends it", "application/x-www-form-urlencoded", "1,2.5\n3,-4"],
  ])("takes %s", (_name, type, body) => {
    expect(read(body, { type })).toEqual(rows);
  });

  it("takes SageMaker's rows of features", () => {
    const features = [{ ...rows[0], name: "features" }];
    const json = '{"instances": [{"features": [1, 2.5]}, {"features": [3, -4]}]}';
    expect(read(json, { type: "application/json" })).toEqual(features);
    const lines = '{"features": [1, 2.5]}\n{"features": [3, -4]}';
    expect(read(lines, { type: "application/jsonlines" })).toEqual(features);
  });

  it("makes a tensor for each named input", () => {
    const wanted = [
      { name: "a", datatype: "FP64", shape: [2, 1], elements: [1, 3] },
      { name: "b", datatype: "BYTES", shape: [1, 2], elements: ["x", "y"] },
    ];
    expect(read('{"inputs": {"a": [[1],[3]], "b": ["x","y"]}}', { type: "application/json" })).toEqual(
      wanted,
    );
  });

  it("takes one row for a batch of one", () => {
    const one = [{ name: "input", datatype: "FP64", shape: [1, 2], elements: [1, 2] }];
    expect(read("1,2", { type: "text/csv" })).toEqual(one);
    expect(read("[1, 2]", { type: "application/json" })).toEqual(one);
  });

  it("uses the model's datatype", () => {
    const inputs = [{ name: "x", datatype: "FP32", shape: [-1, 2] }] as const;
    expect(read("[[1,2]]", { type: "application/json", inputs })[0]?.datatype).toBe("FP32");
  });

  it("reads CSV as texts for a model that takes texts", () => {
    const inputs = [{ name: "x", datatype: "BYTES", shape: [-1, 2] }] as const;
    const tensors = read('a,"b, ""c"""\n1,\n', { type: "text/csv", inputs });
    expect(tensors).toEqual([
      { name: "input", datatype: "BYTES", shape: [2, 2], elements: ["a", 'b, "c"', "1", ""] },
    ]);
  });

  it("takes an empty cell and nan for a missing value", () => {
    expect(read("1,,nan,-inf", { type: "text/csv" })[0]?.elements).toEqual([
      1,
      Number.NaN,
      Number.NaN,
      Number.NEGATIVE_INFINITY,
    ]);
  });

  it("takes V2", () => {
    const body = '{"id":"7","inputs":[{"name":"x","shape":[1,2],"datatype":"INT32","data":[1,2]}]}';
    expect(read(body, { type: "application/json" })).toEqual([
      { name: "x", datatype: "INT32", shape: [1, 2], elements: [1, 2] },
    ]);
  });
});

describe("refusing a body", () => {
  it.each([
    ["an unknown type", { type: "image/png" }, "x", ["UNSUPPORTED_MEDIA_TYPE", "content-type"]],
    [
      "an unknown charset",
      { type: "text/csv; charset=klingon" },
      "1",
      ["UNSUPPORTED_MEDIA_TYPE", "content-type"],
    ],
    [
      "an answer that we do not write",
      { type: "text/csv", accept: "image/png" },
      "1",
      ["NOT_ACCEPTABLE", "accept"],
    ],
    ["a word", { type: "text/csv" }, "1,x", ["INVALID_REQUEST", "row 1, column 2"]],
    ["a short row", { type: "text/csv" }, "1,2\n3", ["INVALID_REQUEST", "row 2"]],
    ["no rows", { type: "text/csv" }, "\n\n", ["INVALID_REQUEST", "body"]],
    ["broken JSON", { type: "application/json" }, "{", ["MALFORMED_JSON", undefined]],
    ["a broken line", { type: "application/jsonlines" }, "[1]\n[", ["MALFORMED_JSON", undefined]],
    ["rows of two widths", { type: "application/json" }, "[[1,2],[3]]", ["INVALID_REQUEST", "body[1]"]],
    ["rows of other depth", { type: "application/json" }, "[[1],2]", ["INVALID_REQUEST", "body[1]"]],
    [
      "a row that lacks an input",
      { type: "application/json" },
      '{"instances":[{"constructor":1},{}]}',
      ["INVALID_REQUEST", "instances[1].constructor"],
    ],
    ["nothing that is known", { type: "application/json" }, '{"a":1}', ["INVALID_REQUEST", "body"]],
    ["no NumPy file", { type: "application/x-npy" }, "hello world", ["INVALID_REQUEST", "body"]],
  ])("refuses %s", (_name, sent, body, wrong) => {
    const { code, details } = refusal(() => open(body, sent));
    expect([code, details.field]).toEqual(wrong);
  });

  it("gives no answer of quality 0", () => {
    const opened = open("1", { type: "text/csv", accept: "*/*;q=0.1, text/csv;q=0, image/png" });
    expect(opened.write({ outputs: [classes] }).contentType).toBe("application/json");
  });

  it("says how a header is skipped", () => {
    expect(refusal(() => open("a,b\n1,2", { type: "text/csv" })).details.hint).toContain("header=present");
  });

  it("names the line of broken JSON", () => {
    expect(refusal(() => open("1\n{", { type: "application/jsonlines" })).message).toContain("Line 2");
  });
});

describe("writing an answer", () => {
  const csv = { type: "text/csv" } as const;

  it.each([
    ["CSV for CSV", csv, "text/csv", "3\n-4\n"],
    [
      "JSON, where it is asked for",
      { ...csv, accept: "application/json" },
      "application/json",
      '{"predictions":[3,-4]}',
    ],
    [
      "what has the highest quality",
      { ...csv, accept: "application/json;q=0.5, application/jsonlines" },
      "application/jsonlines",
      "3\n-4\n",
    ],
    [
      "the first of equals",
      { ...csv, accept: "application/jsonlines, application/json" },
      "application/jsonlines",
      "3\n-4\n",
    ],
    [
      "its own kind, of equals",
      { ...csv, accept: "application/json, text/csv; charset=utf-8" },
      "text/csv",
      "3\n-4\n",
    ],
    [
      "what a family covers",
      { ...csv, accept: "application/*" },
      "application/json",
      '{"predictions":[3,-4]}',
    ],
  ])("gives %s", (_name, sent, contentType, text) => {
    expect(answer("1,2", sent, [classes])).toEqual({ contentType, text });
  });

  it.each([
    ['{"instances":[[1]]}', '{"predictions":[[0.25,0.75],[1.0,0.0]]}'],
    ['{"inputs":[[1]]}', '{"outputs":[[0.25,0.75],[1.0,0.0]]}'],
    ["[[1]]", "[[0.25,0.75],[1.0,0.0]]"],
  ])("answers %s in the same words", (body, text) => {
    expect(answer(body, { type: "application/json" }, [scores]).text).toBe(text);
  });

  it("gives the column that V2 makes of a vector as the vector, but in V2", () => {
    const column = { ...classes, shape: [2, 1] };
    expect(answer("[[1]]", { type: "application/json" }, [column]).text).toBe("[3,-4]");
    const body = '{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}]}';
    expect(answer(body, { type: "application/json" }, [column]).text).toContain('"shape":[2,1]');
  });

  it("puts several outputs side by side", () => {
    expect(answer("1", csv, [classes, scores]).text).toBe("3,0.25,0.75\n-4,1.0,0.0\n");
    const lines = answer("1", { ...csv, accept: "application/jsonlines" }, [classes, scores]).text;
    expect(lines).toBe(
      '{"predict":3,"predict_proba":[0.25,0.75]}\n{"predict":-4,"predict_proba":[1.0,0.0]}\n',
    );
  });

  it("writes what JSON cannot say so that NumPy reads it", () => {
    const odd = fp64("x", [3], [Number.NaN, Number.NEGATIVE_INFINITY, 1e300]);
    expect(answer("1", csv, [odd]).text).toBe("nan\n-inf\n1e+300\n");
  });

  it("uses the default type where the caller has no wish", () => {
    const other = createPayloadCodec({ defaultAccept: "application/jsonlines" });
    const written = other
      .open({ contentType: "text/csv", accept: "*/*", bytes: Buffer.from("1") }, { spec, inputs: null })
      .write({ outputs: [classes] });
    expect(written.contentType).toBe("application/jsonlines");
  });

  it("refuses two outputs in a file for one", () => {
    const sent = { ...csv, accept: "application/x-npy" };
    expect(refusal(() => answer("1", sent, [classes, scores])).code).toBe("NOT_ACCEPTABLE");
  });

  it("answers V2 in V2, with its id", () => {
    const body = '{"id":"7","inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}]}';
    expect(JSON.parse(answer(body, { type: "application/json" }, [classes]).text)).toMatchObject({
      id: "7",
      model_name: "iris",
      outputs: [{ name: "predict", shape: [2], datatype: "INT64", data: [3, -4] }],
    });
  });
});

describe("Triton's binary form", () => {
  const header = JSON.stringify({
    inputs: [
      { name: "a", shape: [1, 2], datatype: "FP32", parameters: { binary_data_size: 8 } },
      { name: "t", shape: [2], datatype: "BYTES", parameters: { binary_data_size: 11 } },
      { name: "j", shape: [1], datatype: "INT8", data: [5] },
    ],
    outputs: [{ name: "predict", parameters: { binary_data: true } }],
  });
  const type = `application/vnd.sagemaker-triton.binary+json;json-header-size=${String(header.length)}`;
  const texts = Buffer.from("\u0002\0\0\0hi\u0001\0\0\0x", "latin1");
  const body = Buffer.concat([Buffer.from(header), Buffer.from(new Float32Array([1.5, -2]).buffer), texts]);

  it("finds the tensors behind the JSON", () => {
    expect(read(body, { type })).toEqual([
      { name: "a", datatype: "FP32", shape: [1, 2], elements: [1.5, -2] },
      { name: "t", datatype: "BYTES", shape: [2], elements: ["hi", "x"] },
      { name: "j", datatype: "INT8", shape: [1], elements: [5] },
    ]);
  });

  it("answers in the same form, with the size of its JSON", () => {
    const { contentType, body: bytes } = open(body, { type }).write({ outputs: [classes] });
    const size = Number(/json-header-size=(\d+)$/.exec(contentType)?.[1]);
    const answered = Buffer.from(bytes);
    expect(JSON.parse(answered.toString("utf8", 0, size))).toMatchObject({
      outputs: [{ name: "predict", shape: [2], datatype: "INT64", parameters: { binary_data_size: 16 } }],
    });
    expect(elementsOf("INT64", answered.subarray(size))).toEqual([3n, -4n]);
  });

  it.each([
    ["too few bytes", body.subarray(0, -1), type],
    ["too many", Buffer.concat([body, Buffer.alloc(1)]), type],
    ["a header longer than the body", body, `${type}00`],
    [
      "a shape that they do not fill",
      Buffer.from(body.toString("latin1").replace("[1,2]", "[1,3]"), "latin1"),
      type,
    ],
  ])("refuses %s", (_name, bytes, contentType) => {
    expect(refusal(() => open(bytes, { type: contentType })).code).toBe("INVALID_REQUEST");
  });
});
