import type { Parameters } from "../../../../contracts/parameters.ts";
import { ServingError } from "../../../../contracts/serving-error.ts";
import { readList, readObject, readParameters } from "./request-fields.ts";

/** Most tensors of a request, and most outputs that it may ask for. */
export const maxTensors = 256;

/** What a request wants to have, and how it is to be written. */
export interface RequestedOutputs {
  /** Output names; null for the model's default. */
  readonly outputs: readonly string[] | null;
  /** Names of outputs that are asked for with content type `str`: text rather than arrays. */
  readonly textOutputs: readonly string[];
  /** Whether an output is wanted as bytes, as V2's binary extension has it; null where none is. */
  readonly isBinary: ((output: string) => boolean) | null;
}

/**
 * @param value the request's `outputs`
 * @param parameters those of the whole request
 * @throws ServingError INVALID_REQUEST
 */
export function readOutputs(value: unknown, parameters: Parameters | undefined): RequestedOutputs {
  const list = value === undefined || value === null ? [] : readList(value, "outputs");
  if (list.length > maxTensors) {
    throw ServingError.invalidField("outputs", `at most ${String(maxTensors)}`, String(list.length));
  }
  const outputs: string[] = [];
  const textOutputs: string[] = [];
  const wishes = new Map<string, boolean>();
  for (const [index, output] of list.entries()) {
    const field = `outputs[${String(index)}]`;
    const { name, parameters: own } = readObject(output, field);
    if (typeof name !== "string") throw ServingError.wrongValue(`${field}.name`, "a string", name);
    outputs.push(name);
    const wish = readParameters(own, `${field}.parameters`);
    if (wish === undefined) continue;
    if (wish["content_type"] === "str") textOutputs.push(name);
    if (typeof wish["binary_data"] === "boolean") wishes.set(name, wish["binary_data"]);
  }
  const isBinary = binaryWish(wishes, parameters?.["binary_data_output"] === true);
  return { outputs: outputs.length === 0 ? null : outputs, textOutputs, isBinary };
}

/** @param fallback whether outputs that say nothing of it are wanted as bytes */
function binaryWish(
  wishes: ReadonlyMap<string, boolean>,
  fallback: boolean,
): ((output: string) => boolean) | null {
  if (!fallback && ![...wishes.values()].includes(true)) return null;
  return (output) => wishes.get(output) ?? fallback;
}
