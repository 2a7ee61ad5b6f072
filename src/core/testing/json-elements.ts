import fc from "fast-check";
import type { Datatype } from "../../contracts/datatypes.ts";
import type { Json } from "../../contracts/parameters.ts";
import { fromFloat16Bits } from "../tensors/float16.ts";

/** Elements of each datatype as JSON has them; null stands for NaN. */
const elements: Readonly<Record<Datatype, fc.Arbitrary<Json>>> = {
  BOOL: fc.boolean(),
  UINT8: fc.integer({ min: 0, max: 0xff }),
  UINT16: fc.integer({ min: 0, max: 0xffff }),
  UINT32: fc.integer({ min: 0, max: 0xffffffff }),
  UINT64: fc.maxSafeNat(),
  INT8: fc.integer({ min: -0x80, max: 0x7f }),
  INT16: fc.integer({ min: -0x8000, max: 0x7fff }),
  INT32: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  INT64: fc.maxSafeInteger(),
  FP16: fc.integer({ min: 0, max: 0xffff }).map((bits) => finite(fromFloat16Bits(bits))),
  FP32: fc.float().map(finite),
  FP64: fc.double().map(finite),
  BYTES: fc
    .tuple(fc.constantFrom("", "\uFEFF", "\u0000", '"]\\'), fc.string({ unit: "grapheme", maxLength: 6 }))
    .map(([start, rest]) => start + rest),
};

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

export interface JsonTensorCase {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** Row-major elements. */
  readonly flat: readonly Json[];
}

const anyShape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });

/** Tensors with small shapes of every rank, the empty ones and scalars too. */
export function tensorOfJson(datatype: Datatype): fc.Arbitrary<JsonTensorCase> {
  return anyShape.chain((shape) => {
    const count = shape.reduce((product, dimension) => product * dimension, 1);
    return fc
      .array(elements[datatype], { minLength: count, maxLength: count })
      .map((flat) => ({ datatype, shape, flat }));
  });
}

/** The elements in arrays of arrays, as the shape says. */
export function nested({ shape, flat }: JsonTensorCase): Json {
  if (shape.length === 0) return flat[0] ?? null;
  let level: readonly Json[] = flat;
  for (const dimension of shape.slice(1).reverse()) {
    const inner = level;
    const rows = dimension === 0 ? 0 : inner.length / dimension;
    level = Array.from({ length: rows }, (_, row) => inner.slice(row * dimension, (row + 1) * dimension));
  }
  return level;
}
