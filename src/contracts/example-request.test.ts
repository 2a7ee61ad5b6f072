import { describe, expect, it } from "vitest";
import { datatypeNames, datatypes, isDatatype } from "./datatypes.ts";
import { exampleRequest } from "./example-request.ts";

describe("exampleRequest", () => {
  it("is one row of nothing, of the model's own shapes and datatypes", () => {
    const inputs = [
      { name: "x", datatype: "FP32", shape: [-1, 3] },
      { name: "ok", datatype: "BOOL", shape: [] },
      { name: "text", datatype: "BYTES", shape: [2, 0] },
    ] as const;
    expect(exampleRequest(inputs)).toEqual({
      inputs: [
        { name: "x", shape: [1, 3], datatype: "FP32", data: [0, 0, 0] },
        { name: "ok", shape: [], datatype: "BOOL", data: [false] },
        { name: "text", shape: [2, 0], datatype: "BYTES", data: [] },
      ],
    });
  });

  it("is not made for a row that would be too much to show", () => {
    expect(exampleRequest([{ name: "x", datatype: "FP32", shape: [-1, 1000, 1000] }])).toBeNull();
  });
});

describe("datatypes", () => {
  it("are the thirteen of the protocol, with the sizes of their names", () => {
    expect(datatypeNames).toHaveLength(13);
    for (const name of datatypeNames) {
      const bits = Number(/\d+$/.exec(name)?.[0] ?? (name === "BOOL" ? 8 : 0));
      expect([name, datatypes[name].itemBytes * 8]).toEqual([name, bits]);
    }
    expect(["FP32", "fp32", "constructor", null].map(isDatatype)).toEqual([true, false, false, false]);
  });
});
