import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isErrorCode } from "../../contracts/errors.ts";
import { patience, runs } from "../../core/testing/fuzz.ts";
import { FrameError } from "./frames.ts";
import { readBatchAnswer, readLoadedHandler } from "./handler-messages.ts";
import {
  readComputeMs,
  readError,
  readHello,
  readImportReport,
  readLoaded,
  readObject,
  readTensors,
} from "./messages.ts";
import { goldenFrame } from "./testing/golden-frames.ts";

/** LOAD's result, as docs/reference/worker-protocol.md has it. */
const loaded = {
  framework: { name: "scikit-learn", version: "1.9.1" },
  model_class: "sklearn.svm._classes.SVC",
  inputs: [{ name: "predict", datatype: "FP64", shape: [-1, 64] }],
  outputs: ["predict", "decision_function"],
  default_output: "predict",
  row_wise: true,
  memory: { before_bytes: 6_000_000, after_bytes: 7_000_000 },
  modules: ["sklearn.svm._classes"],
  load_ms: 4.2,
};
const imported = { imported: ["numpy"], failed: { xgboost: "No module named 'xgboost'" }, import_ms: 812.5 };

const chunk = goldenFrame("chunk-last");
const chunkPayload = Buffer.from(chunk.payload, "hex");
const handled = goldenFrame("chunk-handle");
const handledPayload = Buffer.from(handled.payload, "hex");

describe("messages of the golden frames", () => {
  it("are read: HELLO", () => {
    expect(readHello(goldenFrame("hello-worker").header)).toMatchObject({
      protocol: 1,
      role: "worker",
      python: null,
    });
    expect(readHello(goldenFrame("hello-zygote").header)).toMatchObject({
      role: "zygote",
      python: "3.11.7",
      frameworks: { numpy: "2.4.6", "scikit-learn": "1.9.1" },
    });
  });

  it("are read: CHUNK", () => {
    expect(readTensors(chunk.header, chunkPayload)).toEqual([
      {
        name: "predict",
        datatype: "INT64",
        shape: [2, 1],
        data: { encoding: "binary", bytes: chunkPayload },
        parameters: { content_type: "np" },
      },
    ]);
    expect(readComputeMs(chunk.header)).toBe(0.144);
    expect(readComputeMs({ parts: [] })).toBeNull();
  });

  it("are read: END", () => {
    expect(readError(goldenFrame("end-error").header)).toMatchObject({
      code: "INVALID_INPUT",
      message: "X has 2 features, but SVC is expecting 64 features as input.",
      details: { field: "inputs[0].shape" },
    });
    expect(readError(goldenFrame("end-result").header)).toBeUndefined();
    expect(readError(goldenFrame("end-cancelled").header)).toBeUndefined();
  });
});

describe("a handler's golden frames", () => {
  it("are read: the answers to a batch", () => {
    expect(readBatchAnswer(handled.header, handledPayload)).toEqual({
      kind: "answered",
      items: [
        {
          status: 418,
          phrase: "teapot!",
          headers: ["X-Foo", "bar"],
          contentType: "text/csv",
          body: handledPayload.subarray(0, 5),
        },
        { status: 200, phrase: "", headers: [], contentType: null, body: handledPayload.subarray(5) },
      ],
    });
  });

  it("are read: a batch that failed", () => {
    const { header } = goldenFrame("chunk-handle-failed");
    expect(readBatchAnswer(header, Buffer.alloc(0))).toEqual({
      kind: "failed",
      status: 503,
      message: "Prediction failed",
      type: "InternalServerException",
    });
  });

  it("are read: what a load has imported", () => {
    const { header } = goldenFrame("end-handler");
    expect(readLoadedHandler(readObject(header, "end")["result"])).toEqual(["numpy"]);
  });

  it("are refused where their parts are not their payload", () => {
    expect(() => readBatchAnswer(handled.header, handledPayload.subarray(1))).toThrow(FrameError);
  });
});

describe("readLoaded", () => {
  it("reads what a load has found out", () => {
    expect(readLoaded(loaded)).toEqual({
      description: {
        framework: "scikit-learn 1.9.1",
        modelClass: "sklearn.svm._classes.SVC",
        inputs: [{ name: "predict", datatype: "FP64", shape: [-1, 64] }],
        outputs: ["predict", "decision_function"],
        defaultOutput: "predict",
        rowWise: true,
        memoryBytes: 1_000_000,
        loadMs: 4.2,
      },
      modules: ["sklearn.svm._classes"],
    });
  });

  it("takes an unknown signature, and never a negative size", () => {
    const { description } = readLoaded({
      ...loaded,
      inputs: null,
      memory: { before_bytes: 5, after_bytes: 2 },
    });
    expect(description).toMatchObject({ inputs: null, memoryBytes: 0 });
  });
});

describe("readTensors", () => {
  const part = { type: "tensor", name: "x", datatype: "UINT8", shape: [2], encoding: "binary", bytes: 2 };

  it("cuts the payload as the parts say", () => {
    const payload = Buffer.from([1, 2, 3, 4]);
    const tensors = readTensors({ parts: [part, { ...part, name: "y" }] }, payload);
    expect(tensors.map(({ data }) => (data.encoding === "binary" ? [...data.bytes] : null))).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it.each([
    ["more bytes than the payload has", { bytes: 3 }],
    ["fewer bytes than the payload has", { bytes: 1 }],
    ["a negative number of bytes", { bytes: -2 }],
    ["half a byte", { bytes: 1.5 }],
    ["text", { encoding: "json" }],
    ["opaque bytes", { type: "opaque" }],
    ["an unknown datatype", { datatype: "toString" }],
    ["half a dimension", { shape: [0.5] }],
    ["a dimension that is a text", { shape: ["2"] }],
  ])("refuses %s", (_, fields) => {
    expect(() => readTensors({ parts: [{ ...part, ...fields }] }, Buffer.alloc(2))).toThrow(FrameError);
  });
});

describe("readError", () => {
  it("knows only the codes of the protocol, whatever a model calls itself", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom("constructor", "__proto__", "toString", "INTERNAL")),
        (code) => {
          const error = readError({ error: { code, message: "m" } });
          expect(isErrorCode(error?.code)).toBe(true);
        },
      ),
    );
    expect(readError({ error: { code: "constructor", message: "m" } })?.code).toBe("INTERNAL");
    expect(readError({ error: { code: "LOAD_FAILED", message: "m" } })?.code).toBe("MODEL_LOAD_FAILED");
  });

  it("drops details that are not text", () => {
    const error = { code: "MODEL_ERROR", message: "m", field: 7, expected: null, got: [1], hint: "h" };
    expect(readError({ error })?.details).toEqual({ hint: "h" });
  });
});

const readers: readonly (readonly [name: string, read: (value: unknown) => unknown, valid: unknown])[] = [
  ["HELLO", readHello, goldenFrame("hello-zygote").header],
  ["LOAD's result", readLoaded, loaded],
  ["IMPORT's result", readImportReport, imported],
  ["END", readError, goldenFrame("end-error").header],
  ["CHUNK's parts", (header) => readTensors(header, chunkPayload), chunk.header],
  ["CHUNK's timing", readComputeMs, chunk.header],
  ["a handler's CHUNK", (header) => readBatchAnswer(header, handledPayload), handled.header],
  ["a handler's LOAD's result", readLoadedHandler, { modules: ["numpy"] }],
];

const anyJson = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom({ toString: 1 }, { __proto__: null }, -1, 1e300, [null]),
);

/** The value with something else somewhere in it, or with something missing. */
function damaged(value: unknown, path: readonly number[], replacement: unknown): unknown {
  const [step, ...rest] = path;
  if (typeof value !== "object" || value === null || step === undefined) return replacement;
  const entries: (readonly [string, unknown])[] = Object.entries(value);
  const at = step % Math.max(1, entries.length);
  const changed = entries.flatMap(([key, inner], index): (readonly [string, unknown])[] => {
    if (index !== at) return [[key, inner]];
    const other = damaged(inner, rest, replacement);
    return other === undefined ? [] : [[key, other]];
  });
  return Array.isArray(value) ? changed.map(([, inner]) => inner) : Object.fromEntries(changed);
}

describe.each(readers)("%s", (_, read, valid) => {
  it("is read, or refused with a FrameError when anything in it is not what it must be", patience, () => {
    expect(() => read(valid)).not.toThrow();
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 20 }), { maxLength: 4 }),
        fc.option(anyJson, { nil: undefined }),
        (path, other) => {
          try {
            read(damaged(valid, path, other));
          } catch (error) {
            expect(error).toBeInstanceOf(FrameError);
          }
        },
      ),
      runs(300),
    );
  });
});
