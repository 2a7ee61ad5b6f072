import { open } from "node:fs/promises";
import { join } from "node:path";
import { exampleRequest } from "../../contracts/example-request.ts";
import type { Json } from "../../contracts/parameters.ts";
import type { ModelVersion } from "../../core/models/model-version.ts";
import type { TensorSignature } from "../../core/tensors/tensor.ts";
import type { DocumentedModel } from "./openapi.ts";

/** A request that somebody put beside the model, to show what it takes. */
const sampleFile = "sample_input.json";
/** Larger samples are not for reading. */
const mostSampleBytes = 64 * 1024;

/** What the documents say of a model: its own sample if it has one, else one row of zeros in the shape it takes. */
export async function documentedModel({ spec, description }: ModelVersion): Promise<DocumentedModel> {
  const inputs = description?.inputs ?? (spec.metadata.inputs.length === 0 ? null : spec.metadata.inputs);
  return {
    name: spec.name,
    version: spec.version,
    signature: inputs === null ? null : signatureText(inputs, description?.outputs ?? []),
    example: (await readSample(spec.folder)) ?? zeros(inputs) ?? anyRequest,
  };
}

/** For a model of which nothing is known yet: at least the form. */
const anyRequest = { inputs: [{ name: "input-0", shape: [1, 1], datatype: "FP64", data: [0] }] } as const;

function zeros(inputs: readonly TensorSignature[] | null): Json {
  const example = inputs === null ? null : exampleRequest(inputs);
  return example === null ? null : { inputs: example.inputs.map((input) => ({ ...input })) };
}

/** Null where there is none, or none that is a V2 request: a broken sample must not break the page. */
async function readSample(folder: string): Promise<Json> {
  try {
    await using file = await open(join(folder, sampleFile));
    const { size } = await file.stat();
    if (size > mostSampleBytes) return null;
    const sample: unknown = JSON.parse(await file.readFile("utf8"));
    return isJson(sample) && isRequest(sample) ? sample : null;
  } catch {
    return null;
  }
}

/** Whatever `JSON.parse` returns. */
function isJson(value: unknown): value is Json {
  return value !== undefined;
}

function isRequest(value: Json): boolean {
  return typeof value === "object" && value !== null && Array.isArray(Reflect.get(value, "inputs"));
}

/** A Markdown table. What names hold is code to the reader, and no markup. */
function signatureText(inputs: readonly TensorSignature[], outputs: readonly string[]): string {
  const rows = inputs.map(
    ({ name, datatype, shape }) => `| ${code(name)} | ${datatype} | \`[${shape.join(", ")}]\` |`,
  );
  const table = ["| Input | Datatype | Shape |", "| --- | --- | --- |", ...rows].join("\n");
  return outputs.length === 0 ? table : `${table}\n\nOutputs: ${outputs.map(code).join(", ")}`;
}

function code(text: string): string {
  return `\`${text.replaceAll(/[`|\s]/g, " ")}\``;
}
