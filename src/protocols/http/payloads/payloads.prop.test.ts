import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { datatypeNames } from "../../../contracts/datatypes.ts";
import { ServingError } from "../../../contracts/serving-error.ts";
import { elementsOf } from "../../../core/tensors/elements.ts";
import type { Tensor } from "../../../core/tensors/tensor.ts";
import { tensorOfJson } from "../../../core/testing/json-elements.ts";
import { readJsonData } from "../../../core/tensors/json-reader.ts";
import { readCells } from "./csv-cells.ts";
import { readNumberTable } from "./csv-numbers.ts";
import { readNpy, writeNpy } from "./npy.ts";
import { writeCsv } from "./write-text.ts";

const anyTable = fc.integer({ min: 1, max: 5 }).chain((columns) =>
  fc.array(fc.array(fc.double(), { minLength: columns, maxLength: columns }), {
    minLength: 1,
    maxLength: 6,
  }),
);

function doubles(rows: readonly (readonly number[])[]): Tensor {
  const values = new Float64Array(rows.flat());
  const shape = [rows.length, rows[0]?.length ?? 0];
  return {
    name: "x",
    datatype: "FP64",
    shape,
    data: { encoding: "binary", bytes: new Uint8Array(values.buffer) },
  };
}

describe("CSV of numbers", () => {
  it("comes back bit for bit", () => {
    fc.assert(
      fc.property(anyTable, (rows) => {
        const { rows: count, columns, values } = readNumberTable(Buffer.from(writeCsv([doubles(rows)])));
        expect([count, columns]).toEqual([rows.length, rows[0]?.length]);
        expect([...values]).toEqual(rows.flat());
      }),
    );
  });

  it("reads every decimal as the language does", () => {
    const digits = fc.stringMatching(/^\d{1,18}$/);
    const decimal = fc.tuple(
      fc.constantFrom("", "-", "+"),
      digits,
      fc.option(digits),
      fc.constantFrom("", "e5", "E-7"),
    );
    fc.assert(
      fc.property(decimal, ([sign, whole, part, exponent]) => {
        const text = `${sign}${whole}${part === null ? "" : `.${part}`}${exponent}`;
        expect(readNumberTable(Buffer.from(text)).values[0]).toBe(Number(text));
      }),
    );
  });

  it("refuses or reads whatever comes, and never fails otherwise", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+.,e0-9\n"]*$/)), (text) => {
        try {
          readNumberTable(Buffer.from(text));
        } catch (error) {
          expect(error).toBeInstanceOf(ServingError);
        }
      }),
    );
  });
});

describe("CSV of texts", () => {
  it("comes back as it was", () => {
    // One empty cell alone is an empty line.
    const cell = fc.stringMatching(/^[a-c",\r\n é]{1,6}$/).filter((text) => !text.includes("\r"));
    const table = fc
      .integer({ min: 1, max: 4 })
      .chain((columns) =>
        fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 4 }),
      );
    fc.assert(
      fc.property(table, (rows) => {
        const shape = [rows.length, rows[0]?.length ?? 0];
        const bytes = readJsonData({ datatype: "BYTES", shape, field: "x" }, rows);
        if (bytes === undefined) throw new Error("texts were not read");
        const text = writeCsv([{ name: "x", datatype: "BYTES", shape, data: { encoding: "binary", bytes } }]);
        expect(readCells(text)).toEqual(rows);
      }),
    );
  });
});

describe("NumPy's files", () => {
  it.each(datatypeNames)("come back as they were: %s", (datatype) => {
    fc.assert(
      fc.property(tensorOfJson(datatype), ({ shape, flat }) => {
        const bytes = readJsonData({ datatype, shape, field: "x" }, flat);
        if (bytes === undefined) return;
        // A NUL at the end of a text is how NumPy fills it up.
        fc.pre(
          datatype !== "BYTES" || !elementsOf(datatype, bytes).some((text) => String(text).includes("\0")),
        );
        const tensor: Tensor = { name: "x", datatype, shape, data: { encoding: "binary", bytes } };
        const { data, ...about } = readNpy("x", writeNpy(tensor));
        expect(about).toEqual({ name: "x", datatype, shape });
        expect(Buffer.from(data.encoding === "binary" ? data.bytes : [])).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it("refuses or reads whatever comes, and never fails otherwise", () => {
    const file = writeNpy(doubles([[1, 2]]));
    const change = fc.record({
      at: fc.nat({ max: file.length - 1 }),
      byte: fc.nat({ max: 255 }),
      cut: fc.nat({ max: 20 }),
    });
    fc.assert(
      fc.property(change, ({ at, byte, cut }) => {
        const broken = Buffer.from(file.subarray(0, file.length - cut));
        if (at < broken.length) broken[at] = byte;
        try {
          readNpy("x", broken);
        } catch (error) {
          expect(error).toBeInstanceOf(ServingError);
        }
      }),
    );
  });
});
