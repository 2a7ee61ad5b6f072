import type { Datatype } from "../../contracts/datatypes.ts";
import { exampleRequest } from "../../contracts/example-request.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ModelSnapshot, TensorSnapshot } from "../../contracts/snapshot.ts";
import { UsageError } from "../framework/usage-error.ts";
import { labelOf } from "../model-table.ts";

/** A request from a file: sent as it is, so that nothing the caller wrote is lost; only its JSON is checked. */
export function bodyFromFile(content: string, path: string): string {
  parseJson(content, path === "-" ? "standard input" : path);
  return content;
}

/** One row of zeros, in the shape the model says it takes. */
export function sampleBody(model: ModelSnapshot): string {
  const request = model.inputs === null ? null : exampleRequest(model.inputs);
  if (request !== null) return JSON.stringify(request);
  const why = model.state === "ready" ? "its file does not say" : `it is ${model.state}`;
  throw new ServingError("INVALID_REQUEST", `${labelOf(model)} does not tell what it takes: ${why}.`, {
    hint: "Send a request of your own with -f FILE or --data JSON.",
  });
}

/** Values from the command line: name and datatype are the model's where it tells them, the shape is the values' own. */
export function bodyFromData(data: string, model: ModelSnapshot): string {
  const signature = onlyInput(model);
  const values = parseJson(data, "--data");
  const shape = shapeOf(values);
  const isOneRow = signature !== null && signature.shape.length === shape.length + 1;
  const head = {
    name: signature?.name ?? "predict",
    shape: isOneRow ? [1, ...shape] : shape,
    datatype: signature?.datatype ?? datatypeOf(firstElement(values)),
  };
  // The text as it was typed: a number keeps the digits that parsing would drop.
  return `{"inputs":[{${JSON.stringify(head).slice(1, -1)},"data":${data}}]}`;
}

function onlyInput(model: ModelSnapshot): TensorSnapshot | null {
  const { inputs } = model;
  if (inputs === null) return null;
  const [only] = inputs;
  if (only !== undefined && inputs.length === 1) return only;
  throw new UsageError(
    `${labelOf(model)} takes ${String(inputs.length)} inputs, --data gives values for one.`,
    "Send a V2 request with -f FILE.",
  );
}

function shapeOf(values: unknown): readonly number[] {
  if (!isList(values)) throw notRows();
  const shape: number[] = [];
  let level: readonly unknown[] = [values];
  while (level.every(isList)) {
    const lengths = new Set(level.map((list) => list.length));
    const [length = 0] = lengths;
    if (lengths.size !== 1 || length === 0) throw notRows();
    shape.push(length);
    level = level.flat();
  }
  if (level.some(isList)) throw notRows();
  return shape;
}

function notRows(): UsageError {
  return new UsageError(
    "--data is not an array of rows of equal length.",
    "As in --data '[[5.1, 3.5], [4.9, 3.0]]'.",
  );
}

function firstElement(values: unknown): unknown {
  return isList(values) ? firstElement(values[0]) : values;
}

/** For models that do not tell: numbers as Python and JSON mean them. */
function datatypeOf(element: unknown): Datatype {
  if (typeof element === "boolean") return "BOOL";
  return typeof element === "string" ? "BYTES" : "FP64";
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ServingError(
      "MALFORMED_JSON",
      `The request is not JSON: ${reason}`,
      { where },
      { cause: error },
    );
  }
}
