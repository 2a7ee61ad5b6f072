import { expect, test } from "vitest";
import { modelSnapshot } from "../testing/snapshots.ts";
import { bodyFromData, bodyFromFile, sampleBody } from "./request-body.ts";

const silent = modelSnapshot({ inputs: null });

function inputsOf(body: string): unknown {
  const request: unknown = JSON.parse(body);
  return typeof request === "object" && request !== null && "inputs" in request ? request.inputs : request;
}

test.each([
  [
    "rows",
    "[[1, 2, 3, 4], [5, 6, 7, 8]]",
    modelSnapshot(),
    { name: "predict", shape: [2, 4], datatype: "FP64" },
  ],
  ["one row without its brackets", "[1, 2, 3, 4]", modelSnapshot(), { shape: [1, 4], datatype: "FP64" }],
  ["numbers for a silent model", "[[1, 2]]", silent, { name: "predict", shape: [1, 2], datatype: "FP64" }],
  ["texts for a silent model", '["a", "b"]', silent, { shape: [2], datatype: "BYTES" }],
  ["booleans for a silent model", "[[true]]", silent, { shape: [1, 1], datatype: "BOOL" }],
])("--data with %s", (_name, data, model, head) => {
  const values: unknown = JSON.parse(data);
  expect(inputsOf(bodyFromData(data, model))).toMatchObject([{ ...head, data: values }]);
});

test("--data keeps every digit that was typed", () => {
  expect(bodyFromData("[9007199254740993, 1.10]", silent)).toContain('"data":[9007199254740993, 1.10]');
});

test.each(["1", "{}", "[]", "[[]]", "[[1], [1, 2]]", "[1, [2]]", "[[1], 2]"])(
  "--data %s is no array of rows",
  (data) => {
    expect(() => bodyFromData(data, silent)).toThrow("--data is not an array of rows of equal length.");
  },
);

test("--data is for models with one input", () => {
  const input = { name: "a", datatype: "FP32", shape: [-1] } as const;
  const model = modelSnapshot({ inputs: [input, { ...input, name: "b" }] });
  expect(() => bodyFromData("[1]", model)).toThrow(
    "mnist-svm@v0.1.0 takes 2 inputs, --data gives values for one.",
  );
});

test("a sample has the shape that the model takes", () => {
  const inputs = [
    { name: "x", datatype: "FP32", shape: [-1, 2, 2] },
    { name: "t", datatype: "BYTES", shape: [-1] },
    { name: "b", datatype: "BOOL", shape: [] },
  ] as const;
  expect(inputsOf(sampleBody(modelSnapshot({ inputs })))).toEqual([
    { name: "x", shape: [1, 2, 2], datatype: "FP32", data: [0, 0, 0, 0] },
    { name: "t", shape: [1], datatype: "BYTES", data: [""] },
    { name: "b", shape: [], datatype: "BOOL", data: [false] },
  ]);
});

test.each([
  ["ready", "mnist-svm@v0.1.0 does not tell what it takes: its file does not say."],
  ["registered", "mnist-svm@v0.1.0 does not tell what it takes: it is registered."],
])("a silent model that is %s has no sample", (state, message) => {
  expect(() => sampleBody(modelSnapshot({ inputs: null, state }))).toThrow(message);
});

test("a file is sent as it is, once it is JSON", () => {
  const content = '{ "inputs": [] }\n';
  expect(bodyFromFile(content, "a.json")).toBe(content);
  expect(() => bodyFromFile("{", "a.json")).toThrow(expect.objectContaining({ code: "MALFORMED_JSON" }));
  expect(() => bodyFromFile("{", "-")).toThrow(
    expect.objectContaining({ details: { where: "standard input" } }),
  );
});
