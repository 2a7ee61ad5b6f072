import { describe, expect, it } from "vitest";
import type { Tensor } from "../tensors/tensor.ts";
import { checkInputs } from "./check-inputs.ts";

const bytes = new Uint8Array();
const tensor = (...shape: readonly number[]): Tensor => ({
  name: "other",
  datatype: "INT8",
  shape,
  data: { encoding: "binary", bytes },
});
const signature = (...shape: readonly number[]) => ({ name: "x", datatype: "FP32", shape }) as const;

describe("checkInputs", () => {
  it("takes what fits, whatever its name and datatype", () => {
    expect(() => {
      checkInputs([signature(-1, 4)], { kind: "tensors", tensors: [tensor(3, 4)] });
      checkInputs([signature(), signature(2, -1)], { kind: "tensors", tensors: [tensor(), tensor(2, 0)] });
      checkInputs([signature(-1, 4)], { kind: "opaque", contentType: "", headers: {}, bytes });
    }).not.toThrow();
  });

  it.each([
    [[signature(-1, 4)], [tensor(3, 5)], "inputs[0].shape: expected [-1,4], got [3,5]"],
    [[signature(-1, 4)], [tensor(12)], "inputs[0].shape: expected [-1,4], got [12]"],
    [[signature(-1), signature(2)], [tensor(1), tensor(1)], "inputs[1].shape: expected [2], got [1]"],
    [[signature(-1, 4)], [tensor(3, 4), tensor(3, 4)], "inputs: expected a single input tensor, got 2"],
    [[signature(1), signature(1)], [tensor(1)], "inputs: expected 2 input tensors, got 1"],
  ])("refuses for %j the tensors %j", (wanted, tensors, message) => {
    expect(() => {
      checkInputs(wanted, { kind: "tensors", tensors });
    }).toThrow(expect.objectContaining({ code: "INVALID_INPUT", message }) as Error);
  });
});
