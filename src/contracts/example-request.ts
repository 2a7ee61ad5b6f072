import { type Datatype, datatypes } from "./datatypes.ts";
import type { TensorSnapshot } from "./snapshot.ts";

type Element = boolean | number | string;

/** A V2 request that a model accepts, whatever it makes of it: one row, every value zero or empty. */
export interface ExampleRequest {
  readonly inputs: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly datatype: Datatype;
    readonly data: readonly Element[];
  }[];
}

/** Null for models whose single row would be too much to show or to send by the way. */
export function exampleRequest(inputs: readonly TensorSnapshot[]): ExampleRequest | null {
  const examples = inputs.map(({ name, datatype, shape }) => {
    const row = shape.map((dimension) => (dimension === -1 ? 1 : dimension));
    return { name, shape: row, datatype, count: row.reduce((product, dimension) => product * dimension, 1) };
  });
  if (examples.some(({ count }) => count > mostElements)) return null;
  return {
    inputs: examples.map(({ count, datatype, ...input }) => ({
      ...input,
      datatype,
      data: Array.from({ length: count }, () => emptyElement(datatype)),
    })),
  };
}

const mostElements = 100_000;

function emptyElement(datatype: Datatype): Element {
  switch (datatypes[datatype].kind) {
    case "boolean":
      return false;
    case "bytes":
      return "";
    case "unsigned":
    case "signed":
    case "float":
      return 0;
  }
}
