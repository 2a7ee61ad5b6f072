import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Datatype, datatypeNames } from "../../contracts/datatypes.ts";
import { patience, runs } from "../testing/fuzz.ts";
import { nested, tensorOfJson } from "../testing/json-elements.ts";
import { readJsonData } from "./json-reader.ts";
import { jsonDataOf } from "./json-writer.ts";
import { itemBytes } from "./tensor.ts";

const field = "inputs[0].data";

function written(datatype: Datatype, bytes: Uint8Array): unknown {
  return JSON.parse(jsonDataOf({ name: "x", datatype, shape: [], data: { encoding: "binary", bytes } }));
}

/** Bytes that could be any array of the datatype; BOOL has two values of its 256. */
function anyBytes(datatype: Datatype): fc.Arbitrary<Uint8Array> {
  const size = itemBytes(datatype);
  const bytes = fc
    .uint8Array({ maxLength: 8 })
    .map((pattern) => Uint8Array.from({ length: pattern.length * size }, (_, index) => mix(pattern, index)));
  return datatype === "BOOL" ? bytes.map((all) => all.map((byte) => byte & 1)) : bytes;
}

function mix(pattern: Uint8Array, index: number): number {
  return (pattern[index % pattern.length] ?? 0) ^ ((index * 151) & 0xff);
}

describe.each(datatypeNames)("%s as JSON", (datatype) => {
  it("is read, flat or nested, and written again as it was", patience, () => {
    fc.assert(
      fc.property(tensorOfJson(datatype), (tensor) => {
        const about = { datatype, shape: tensor.shape, field };
        const bytes = readJsonData(about, tensor.flat);
        if (bytes === undefined) throw new Error("Nothing here is beyond 2^53.");
        expect(written(datatype, bytes)).toEqual(tensor.flat);
        const isEmpty = tensor.flat.length === 0;
        const fromNested = isEmpty ? readJsonData(about, []) : readJsonData(about, nested(tensor));
        expect(fromNested).toEqual(bytes);
      }),
      runs(60),
    );
  });

  it("is refused when there is an element too many or too few", () => {
    fc.assert(
      fc.property(tensorOfJson(datatype), fc.boolean(), ({ shape, flat }, isLonger) => {
        fc.pre(isLonger || flat.length > 0);
        const others = isLonger ? [...flat, flat[0] ?? 0] : flat.slice(1);
        expect(() => readJsonData({ datatype, shape, field }, others)).toThrow(
          `${field}: expected ${String(flat.length)} elements (shape [${shape.join(",")}]), got ${String(others.length)}`,
        );
      }),
      runs(20),
    );
  });
});

const numeric = datatypeNames.filter((datatype) => datatype !== "BYTES");

describe.each(numeric)("bytes of %s", (datatype) => {
  it("come back from their JSON, or are known to be beyond what a JSON number holds", patience, () => {
    fc.assert(
      fc.property(anyBytes(datatype), (bytes) => {
        const text = jsonDataOf({ name: "x", datatype, shape: [], data: { encoding: "binary", bytes } });
        const values: unknown = JSON.parse(text);
        const shape = [bytes.byteLength / itemBytes(datatype)];
        const back = readJsonData({ datatype, shape, field }, values);
        if (back === undefined)
          expect(Math.max(...numbersIn(values).map(Math.abs))).toBeGreaterThan(2 ** 53 - 1);
        else expect(withOneNan(datatype, back)).toEqual(withOneNan(datatype, bytes));
      }),
      runs(100),
    );
  });
});

function numbersIn(values: unknown): readonly number[] {
  return Array.isArray(values) ? values.map(Number) : [];
}

/** Infinities and all NaNs are null in JSON, and NaN when they come back. */
function withOneNan(datatype: Datatype, bytes: Uint8Array): unknown {
  return datatype.startsWith("FP") ? written(datatype, bytes) : bytes;
}
