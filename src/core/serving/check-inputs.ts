import { ServingError } from "../../contracts/serving-error.ts";
import type { Payload, TensorSignature } from "../tensors/tensor.ts";

/**
 * Compares a call with what the model said it takes, before it costs a worker anything: number of tensors, number of
 * dimensions, fixed dimensions. Names and datatypes are left to the runtime, which converts (MLServer's numpy codec
 * ignores input names).
 */
export function checkInputs(signature: readonly TensorSignature[], payload: Payload): void {
  if (payload.kind !== "tensors") return;
  const { tensors } = payload;
  if (tensors.length !== signature.length) {
    const expected =
      signature.length === 1 ? "a single input tensor" : `${String(signature.length)} input tensors`;
    throw invalidInput("inputs", expected, String(tensors.length));
  }
  for (const [index, { shape }] of tensors.entries()) {
    const wanted = signature[index]?.shape;
    if (wanted !== undefined && !fits(wanted, shape)) {
      throw invalidInput(`inputs[${String(index)}].shape`, JSON.stringify(wanted), JSON.stringify(shape));
    }
  }
}

function fits(wanted: readonly number[], shape: readonly number[]): boolean {
  if (wanted.length !== shape.length) return false;
  for (let axis = 0; axis < wanted.length; axis += 1) {
    if (wanted[axis] !== -1 && wanted[axis] !== shape[axis]) return false;
  }
  return true;
}

function invalidInput(field: string, expected: string, got: string): ServingError {
  return new ServingError("INVALID_INPUT", `${field}: expected ${expected}, got ${got}`, {
    field,
    expected,
    got,
  });
}
