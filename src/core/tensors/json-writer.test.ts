import { describe, expect, it } from "vitest";
import { z } from "zod";
import { readConformance } from "../testing/conformance.ts";
import { writeBytesElements } from "./bytes-elements.ts";
import { floatText, jsonDataOf } from "./json-writer.ts";
import type { Tensor } from "./tensor.ts";

const table = z.object({ vectors: z.array(z.tuple([z.string(), z.string()])) });

function doubleOf(bits: string): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${bits}`));
  return view.getFloat64(0);
}

describe("floatText", () => {
  it("prints what orjson prints, over all exponents", () => {
    const { vectors } = table.parse(readConformance("v2/float-text.json"));
    expect(vectors.map(([bits]) => [bits, floatText(doubleOf(bits))])).toEqual(vectors);
    expect(vectors.length).toBeGreaterThan(700);
  });
});

describe("jsonDataOf", () => {
  it.each<[Tensor["datatype"], readonly number[], string]>([
    ["BOOL", [0, 1, 2], "[false,true,true]"],
    ["UINT8", [0, 255], "[0,255]"],
    ["INT8", [0, 255], "[0,-1]"],
    ["INT16", [0xfe, 0xff], "[-2]"],
    ["UINT64", [255, 255, 255, 255, 255, 255, 255, 255], "[18446744073709551615]"],
    ["INT64", [0, 0, 0, 0, 0, 0, 0, 128], "[-9223372036854775808]"],
    ["FP16", [0x55, 0x35, 0, 0x7e], "[0.333251953125,null]"],
    ["FP32", [0, 0, 128, 63, 0, 0, 128, 127], "[1.0,null]"],
    ["FP64", [0, 0, 0, 0, 0, 0, 0, 128], "[-0.0]"],
    ["FP64", [], "[]"],
  ])("prints %s %j as %s", (datatype, bytes, text) => {
    expect(jsonDataOf(tensorOf(datatype, Uint8Array.from(bytes)))).toBe(text);
  });

  it("reads where the bytes are, at any offset of any buffer", () => {
    const buffer = new Uint8Array(19);
    buffer.set([0, 0, 128, 63], 3);
    expect(jsonDataOf(tensorOf("FP32", buffer.subarray(3, 7)))).toBe("[1.0]");
  });

  it("prints texts as JSON strings, byte order marks and all", () => {
    const texts = ["", 'a"\\\n', "\uFEFFmark", "日本", "😀"];
    const bytes = writeBytesElements(texts.map((text) => new TextEncoder().encode(text)));
    expect(JSON.parse(jsonDataOf(tensorOf("BYTES", bytes)))).toEqual(texts);
  });

  it("passes on what is still text", () => {
    const text = new TextEncoder().encode("[[1, 2],[3, 9007199254740993]]");
    expect(jsonDataOf({ name: "x", datatype: "INT64", shape: [4], data: { encoding: "json", text } })).toBe(
      "[[1, 2],[3, 9007199254740993]]",
    );
  });
});

function tensorOf(datatype: Tensor["datatype"], bytes: Uint8Array): Tensor {
  return { name: "x", datatype, shape: [1], data: { encoding: "binary", bytes } };
}
