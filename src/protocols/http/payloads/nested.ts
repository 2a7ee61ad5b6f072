import type { Datatype } from "../../../contracts/datatypes.ts";
import { ServingError } from "../../../contracts/serving-error.ts";
import { readJsonData } from "../../../core/tensors/json-reader.ts";
import type { Tensor, TensorSignature } from "../../../core/tensors/tensor.ts";

/** Nesting of arrays is measured to this depth; tensors never come near it. */
const maxDimensions = 16;

/**
 * A tensor of nested JSON arrays. Its datatype is the model's, where that is known and fits, or doubles for numbers and
 * BYTES for texts. One row without the array around it becomes a batch of one where the model wants one dimension more.
 *
 * @param field path of the value, for messages
 * @throws ServingError INVALID_REQUEST for arrays of different lengths, and for elements that do not fit
 */
export function nestedTensor(
  name: string,
  value: unknown,
  about: { readonly field: string; readonly signature: TensorSignature | undefined },
): Tensor {
  const { field, signature } = about;
  const { shape: written, sample } = measure(value, field);
  const datatype = datatypeFor(sample, signature?.datatype);
  const shape = asBatch(written, signature?.shape.length);
  const bytes = readJsonData({ datatype, shape, field }, value);
  if (bytes === undefined) {
    throw ServingError.invalidField(field, `integers below 2^53 (${datatype})`, "larger ones");
  }
  return { name, datatype, shape, data: { encoding: "binary", bytes } };
}

/** Without knowing the model, a row is a batch of one as well: no model takes a bare vector of features. */
function asBatch(shape: readonly number[], wanted = 2): readonly number[] {
  return shape.length + 1 === wanted ? [1, ...shape] : shape;
}

function datatypeFor(sample: unknown, known: Datatype | undefined): Datatype {
  if (typeof sample === "string") return "BYTES";
  return known === undefined || known === "BYTES" ? "FP64" : known;
}

interface Measured {
  readonly shape: readonly number[];
  /** The first element. */
  readonly sample: unknown;
}

function measure(value: unknown, field: string): Measured {
  const shape: number[] = [];
  let sample = value;
  while (Array.isArray(sample) && shape.length <= maxDimensions) {
    const list: readonly unknown[] = sample;
    shape.push(list.length);
    [sample] = list;
  }
  if (shape.length === 0) throw ServingError.wrongValue(field, "an array", value);
  if (shape.length > maxDimensions) {
    throw ServingError.invalidField(field, `at most ${String(maxDimensions)} dimensions`, "more");
  }
  checkRegular(value, shape, field);
  return { shape, sample };
}

/** Every array has the length that the first of its level has. */
function checkRegular(value: unknown, shape: readonly number[], field: string): void {
  const [length, ...inner] = shape;
  if (length === undefined) return;
  if (!Array.isArray(value)) throw ServingError.wrongValue(field, "an array, as the first is", value);
  const list: readonly unknown[] = value;
  if (list.length !== length) {
    throw ServingError.invalidField(
      field,
      `${String(length)} elements, as in the first`,
      String(list.length),
    );
  }
  if (inner.length === 0) return;
  for (let index = 0; index < list.length; index += 1) {
    checkRegular(list[index], inner, `${field}[${String(index)}]`);
  }
}
