import { describe, expect, it } from "vitest";
import { datatypeNames } from "../../../../contracts/datatypes.ts";
import { ServingError } from "../../../../contracts/serving-error.ts";
import { decodeInferRequest, smallBodyBytes } from "./decode.ts";
import { statusOf } from "../../errors.ts";

const input = { name: "x", shape: [1, 2], datatype: "FP32", data: [1, 2] };

function decode(body: unknown) {
  return decodeInferRequest(Buffer.from(JSON.stringify(body)));
}

function decodeText(text: string) {
  return decodeInferRequest(Buffer.from(text));
}

/** The same request, so large that its numbers would be left to the worker. */
function enlarged(text: string): string {
  return `${" ".repeat(smallBodyBytes)}${text}`;
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

/** Both sizes of a request are refused alike; the error. */
function refusalOf(text: string): ServingError {
  const [small, large] = [text, enlarged(text)].map((body) => refusal(() => decodeText(body)));
  if (small === undefined || large === undefined) throw new Error("It was taken.");
  expect([statusOf[small.code], statusOf[large.code]]).toEqual([400, 400]);
  expect({ ...large.details, got: "" }).toEqual({ ...small.details, got: "" });
  return small;
}

describe("decodeInferRequest", () => {
  it("reads a request", () => {
    const request = decode({
      id: "a",
      parameters: { priority: 2, timeout: 1500, k: [1], content_type: "np", headers: { h: "1" } },
      inputs: [{ ...input, parameters: { content_type: "np" } }],
      outputs: [{ name: "p", parameters: {} }, { name: "q" }],
    });
    expect(request).toMatchObject({
      id: "a",
      outputs: ["p", "q"],
      parameters: { k: [1] },
      priority: 2,
      timeoutMs: 1.5,
      tensors: [
        {
          name: "x",
          datatype: "FP32",
          shape: [1, 2],
          data: { encoding: "binary", bytes: new Uint8Array(Float32Array.of(1, 2).buffer) },
          parameters: { content_type: "np" },
        },
      ],
    });
  });

  it.each([
    ["left out", {}],
    ["null", { id: null, outputs: null, parameters: null }],
    ["empty", { outputs: [], parameters: {} }],
  ])("takes what may be left out when it is %s", (_, fields) => {
    expect(decode({ inputs: [input], ...fields })).toMatchObject({
      id: null,
      outputs: null,
      parameters: null,
      priority: 0,
      timeoutMs: null,
    });
  });

  it("keeps an empty id apart from none", () => {
    expect(decode({ id: "", inputs: [input] }).id).toBe("");
  });

  it("takes no limit from a timeout of 0", () => {
    expect(decode({ parameters: { timeout: 0 }, inputs: [input] }).timeoutMs).toBeNull();
  });

  it("leaves the numbers of a large body to the worker", () => {
    const text = JSON.stringify({ inputs: [input, { ...input, name: "y", data: [[3, 4]] }] });
    const { tensors } = decodeText(enlarged(text));
    expect(
      tensors.map(({ name, data }) => [
        name,
        data.encoding === "json" ? Buffer.from(data.text).toString() : null,
      ]),
    ).toEqual([
      ["x", "[1,2]"],
      ["y", "[[3,4]]"],
    ]);
  });

  it("loses nothing of 64-bit integers, however small the body", () => {
    const data = "[9223372036854775807, -9223372036854775808]";
    const { tensors } = decodeText(`{"inputs":[{"name":"x","shape":[2],"datatype":"INT64","data":${data}}]}`);
    expect(tensors[0]?.data).toEqual({ encoding: "json", text: Buffer.from(data) });
  });

  it.each(["9007199254740993", '"x"'])(
    "refuses a bare %s where only an array can be read exactly",
    (data) => {
      const { details } = refusalOf(
        `{"inputs":[{"name":"x","shape":[1],"datatype":"INT64","data":${data}}]}`,
      );
      expect(details.field).toMatch(/^inputs/);
    },
  );
});

const malformed: readonly (readonly [what: string, body: string, field: string | undefined])[] = [
  ["an empty body", "", undefined],
  ["a body that is cut off", '{"inputs":[', undefined],
  ["a body with something behind it", `${JSON.stringify({ inputs: [input] })}x`, undefined],
  ["a body with a byte order mark", `\uFEFF${JSON.stringify({ inputs: [input] })}`, undefined],
  ["a NaN literal", '{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":NaN}]}', undefined],
  ["single quotes", "{'inputs':[]}", undefined],
  ["null", "null", "body"],
  ["an array", "[]", "body"],
  ["a text", '"a"', "body"],
  ["no inputs", "{}", "inputs"],
  ["inputs that are null", '{"inputs":null}', "inputs"],
  ["inputs that are an object", '{"inputs":{"x":[1]}}', "inputs"],
  ["an empty list of inputs", '{"inputs":[]}', "inputs"],
  ["too many inputs", JSON.stringify({ inputs: Array.from({ length: 257 }, () => input) }), "inputs"],
  ["an input that is null", '{"inputs":[null]}', "inputs[0]"],
  ["an input that is a list", '{"inputs":[[]]}', "inputs[0]"],
];

const malformedInputs: readonly (readonly [what: string, input: object, field: string])[] = [
  ["no name", { name: undefined }, "name"],
  ["a name that is a number", { name: 7 }, "name"],
  ["no shape", { shape: undefined }, "shape"],
  ["a shape that is a number", { shape: 2 }, "shape"],
  ["a dimension that is negative", { shape: [-1, 2] }, "shape[0]"],
  ["a dimension that is a fraction", { shape: [1.5] }, "shape[0]"],
  ["a dimension that is a text", { shape: [1, "2"] }, "shape[1]"],
  ["a dimension that is null", { shape: [null] }, "shape[0]"],
  ["a dimension beyond 2^53", { shape: [2 ** 53] }, "shape[0]"],
  ["dimensions whose product is huge", { shape: [2 ** 30, 2 ** 30] }, "shape"],
  ["dimensions whose product is no integer", { shape: [2 ** 52, 2 ** 52, 2 ** 52] }, "shape"],
  ["more bytes than a tensor may have", { shape: [2 ** 29 + 1] }, "shape"],
  ["too many dimensions", { shape: Array.from({ length: 17 }, () => 1) }, "shape"],
  ["no datatype", { datatype: undefined }, "datatype"],
  ["a datatype that is unknown", { datatype: "FP8" }, "datatype"],
  ["a datatype in lower case", { datatype: "fp32" }, "datatype"],
  ["a datatype that every object has", { datatype: "constructor" }, "datatype"],
  ["no data", { data: undefined }, "data"],
  ["data that are an object", { data: { a: 1 } }, "data"],
  ["parameters that are a list", { parameters: [] }, "parameters"],
  ["parameters that are a text", { parameters: "a" }, "parameters"],
];

const malformedFields: readonly (readonly [what: string, fields: object, field: string])[] = [
  ["an id that is a number", { id: 7 }, "id"],
  ["outputs that are an object", { outputs: {} }, "outputs"],
  ["outputs that are names", { outputs: ["p"] }, "outputs[0]"],
  ["an output without a name", { outputs: [{ name: "p" }, {}] }, "outputs[1].name"],
  ["too many outputs", { outputs: Array.from({ length: 257 }, () => ({ name: "p" })) }, "outputs"],
  ["parameters that are a list", { parameters: [1] }, "parameters"],
  ["a priority that is a text", { parameters: { priority: "high" } }, "parameters.priority"],
  ["a priority that is negative", { parameters: { priority: -1 } }, "parameters.priority"],
  ["a timeout that is a fraction", { parameters: { timeout: 0.5 } }, "parameters.timeout"],
  ["a timeout beyond 2^53", { parameters: { timeout: 1e300 } }, "parameters.timeout"],
];

describe("a malformed request", () => {
  it.each(malformed)("is refused for %s", (_, body, field) => {
    const { code, details } = refusalOf(body);
    expect(code).toBe(field === undefined ? "MALFORMED_JSON" : "INVALID_REQUEST");
    expect(details.field).toBe(field);
  });

  it.each(malformedInputs)("is refused for %s, with what was expected and what came", (_, fields, field) => {
    const error = refusalOf(JSON.stringify({ inputs: [input, { ...input, ...fields }] }));
    expect(error.code).toBe("INVALID_REQUEST");
    expect(error.details.field).toMatch(new RegExp(`^inputs\\[1\\]\\.${field.replace(/[[\]]/g, "\\$&")}`));
    expect([error.details.expected, error.details.got]).not.toContain("");
    expect(error.message).toContain(error.details.got);
  });

  it.each(malformedFields)("is refused for %s", (_, fields, field) => {
    const { code, details } = refusalOf(JSON.stringify({ inputs: [input], ...fields }));
    expect({ code, field: details.field }).toEqual({ code: "INVALID_REQUEST", field });
  });

  it("is refused for a count of elements that is not its shape's", () => {
    const error = refusal(() => decode({ inputs: [{ ...input, data: [1, 2, 3] }] }));
    expect(error.message).toBe("inputs[0].data: expected 2 elements (shape [1,2]), got 3");
  });

  it("names all datatypes when it names none of them", () => {
    const { details } = refusal(() => decode({ inputs: [{ ...input, datatype: "BF16" }] }));
    expect(details.expected).toBe(`one of ${datatypeNames.join(", ")}`);
  });

  it("takes the last of two keys that are the same, as JSON does", () => {
    const tensor = '{"name":"x","shape":[1],"datatype":"UINT8","data":[9],"data":[7]}';
    for (const text of [
      `{"inputs":[{}],"inputs":[${tensor}]}`,
      `{"inputs":[{}],"inp\\u0075ts":[${tensor}]}`,
    ]) {
      for (const body of [text, enlarged(text)]) {
        expect(decodeText(body).tensors[0]?.data).toEqual({ encoding: "binary", bytes: Uint8Array.of(7) });
      }
    }
  });

  it("reads keys that are written with escapes as what they are", () => {
    const tensor = '{"name":"x","shape":[1],"datatype":"UINT8","data":[9],"d\\u0061ta":[7]}';
    for (const body of [`{"inputs":[${tensor}]}`, enlarged(`{"inputs":[${tensor}]}`)]) {
      expect(decodeText(body).tensors[0]?.data).toEqual({ encoding: "binary", bytes: Uint8Array.of(7) });
    }
    const exact = tensor.replace("UINT8", "INT64").replace("[7]", "[9007199254740993]");
    expect(refusalOf(`{"inputs":[${exact}]}`).code).toBe("INVALID_REQUEST");
  });
});

describe("deep nesting", () => {
  const levels = 200_000;
  const lists = `${"[".repeat(levels)}${"]".repeat(levels)}`;
  const objects = `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

  it.each(["lists", "objects"])("of %s is refused wherever it is, without a stack that deep", (kind) => {
    const bomb = kind === "lists" ? lists : objects;
    const bodies = [
      bomb,
      `{"inputs":${bomb}}`,
      `{"inputs":[${bomb}]}`,
      `{"inputs":[{"name":"x","shape":${bomb},"datatype":"FP32","data":[1]}]}`,
      `{"inputs":[{"name":${bomb},"shape":[1],"datatype":"FP32","data":[1]}]}`,
      `{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1],"parameters":{"a":${bomb}}}]}`,
      `{"inputs":[${JSON.stringify(input)}],"parameters":{"a":${bomb}}}`,
      `{"inputs":[${JSON.stringify(input)}],"outputs":${bomb}}`,
      `{"inputs":[${JSON.stringify(input)}],"id":${bomb}}`,
    ];
    for (const body of bodies) {
      const { code, details } = refusal(() => decodeText(body));
      expect({ code, hasField: details.field !== undefined }).toEqual({
        code: "INVALID_REQUEST",
        hasField: true,
      });
    }
  });

  it("of data is the worker's to refuse in a large body, and refused here in a small one", () => {
    const few = `${"[".repeat(40)}1${"]".repeat(40)}`;
    const text = `{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":${few}}]}`;
    expect(refusal(() => decodeText(text)).details.field).toBe("inputs[0].data");
    expect(decodeText(enlarged(text)).tensors[0]?.data.encoding).toBe("json");
  });

  it("of parameters is taken as deep as anybody means it", () => {
    const parameters = { a: { b: [{ c: [[1]] }] } };
    expect(decode({ inputs: [{ ...input, parameters }], parameters })).toMatchObject({ parameters });
  });
});
