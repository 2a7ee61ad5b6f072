import { ServingError } from "../../../contracts/serving-error.ts";
import type { Tensor, TensorSignature } from "../../../core/tensors/tensor.ts";
import { nestedTensor } from "./nested.ts";

/** How JSON that is not V2 says what it carries; its answer is written the same way. */
export type JsonStyle =
  /** `{"instances": [row, …]}` → `{"predictions": […]}` */
  | "instances"
  /** `{"inputs": array}` or `{"inputs": {"name": array}}` → `{"outputs": …}` */
  | "inputs"
  /** Rows without anything around them, or one row → rows. */
  | "bare";

export interface ReadJson {
  readonly style: JsonStyle;
  readonly tensors: readonly Tensor[];
}

type Fields = Readonly<Record<string, unknown>>;
type Signatures = readonly TensorSignature[] | null;

/** What a single input is called where nobody names it; runtimes do not look. */
const onlyName = "input";

/**
 * Reads JSON in the ways that clients of SageMaker and TensorFlow Serving write it.
 *
 * @throws ServingError INVALID_REQUEST with field, expected and got
 */
export function readJsonTensors(value: unknown, signatures: Signatures): ReadJson {
  if (Array.isArray(value)) {
    return { style: "bare", tensors: rowsToTensors(value, { field: "body", signatures }) };
  }
  if (!isObject(value)) throw ServingError.wrongValue("body", "an object or an array", value);
  const { instances, inputs } = value;
  if (Array.isArray(instances)) {
    return { style: "instances", tensors: rowsToTensors(instances, { field: "instances", signatures }) };
  }
  if (isObject(inputs)) {
    const tensors = Object.entries(inputs).map(([name, data], index) =>
      nestedTensor(name, data, { field: `inputs.${name}`, signature: signatureOf(signatures, name, index) }),
    );
    if (tensors.length === 0) throw ServingError.wrongValue("inputs", "at least one input", inputs);
    return { style: "inputs", tensors };
  }
  if (Array.isArray(inputs)) {
    const tensor = nestedTensor(onlyName, inputs, { field: "inputs", signature: signatures?.[0] });
    return { style: "inputs", tensors: [tensor] };
  }
  if ("features" in value) {
    return { style: "bare", tensors: rowsToTensors([value], { field: "body", signatures }) };
  }
  const expected = '"instances", "inputs", or rows in an array';
  throw ServingError.invalidField(
    "body",
    expected,
    `an object with ${Object.keys(value).join(", ") || "nothing"}`,
  );
}

/**
 * Tensors of rows: arrays, numbers, `{"features": row}` as SageMaker's own algorithms take it, or objects with one value
 * for every input of the model.
 */
export function rowsToTensors(
  rows: readonly unknown[],
  about: { readonly field: string; readonly signatures: Signatures },
): readonly Tensor[] {
  const { field, signatures } = about;
  const [first] = rows;
  if (!isObject(first)) {
    return [nestedTensor(onlyName, rows, { field, signature: signatures?.[0] })];
  }
  const names = "features" in first ? ["features"] : Object.keys(first);
  if (names.length === 0) throw ServingError.wrongValue(`${field}[0]`, "at least one input", first);
  return names.map((name, index) => {
    const column = rows.map((row, at) => valueOf(row, name, `${field}[${String(at)}]`));
    const signature = signatureOf(signatures, name, index);
    return nestedTensor(name, column, { field: `${field}[*].${name}`, signature });
  });
}

function valueOf(row: unknown, name: string, field: string): unknown {
  if (!isObject(row)) throw ServingError.wrongValue(field, "an object, as the first is", row);
  const value = Object.hasOwn(row, name) ? row[name] : undefined;
  if (value === undefined) throw ServingError.wrongValue(`${field}.${name}`, "a value", value);
  return value;
}

function signatureOf(signatures: Signatures, name: string, index: number): TensorSignature | undefined {
  return signatures?.find((one) => one.name === name) ?? signatures?.[index];
}

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws ServingError MALFORMED_JSON; `where` says which part of the body it is */
export function parseJsonText(text: string, where = "The body"): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ServingError("MALFORMED_JSON", `${where} is not JSON: ${why}`, {}, { cause: error });
  }
}
