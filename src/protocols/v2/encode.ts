import type { ModelSpec, TensorMetadata } from "../../core/models/model-spec.ts";
import type { InferenceResult } from "../../core/scheduling/inference-call.ts";
import { jsonDataOf } from "../../core/tensors/json-writer.ts";
import type { Tensor } from "../../core/tensors/tensor.ts";

/**
 * Reply bodies, with MLServer's key order and omissions: compact, unset fields left out, `parameters` always there.
 */

/** The text before the id, which is the same for every answer of a model: made once. */
const heads = new WeakMap<ModelSpec, string>();

function headOf(spec: ModelSpec): string {
  const known = heads.get(spec);
  if (known !== undefined) return known;
  const version = spec.version === null ? "" : `"model_version":${JSON.stringify(spec.version)},`;
  const head = `{"model_name":${JSON.stringify(spec.name)},${version}"id":`;
  heads.set(spec, head);
  return head;
}

/** @param reply.textOutputs names of outputs that were asked for as text */
export function encodeInferReply(
  spec: ModelSpec,
  result: InferenceResult,
  reply: { readonly id: string; readonly textOutputs: readonly string[] },
): string {
  const { id, textOutputs } = reply;
  let text = `${headOf(spec)}${JSON.stringify(id)},"parameters":{},"outputs":[`;
  for (const [index, output] of result.outputs.entries()) {
    const tensor = textOutputs.length === 0 ? output : asText(output, textOutputs);
    text += index === 0 ? encodeTensor(tensor) : `,${encodeTensor(tensor)}`;
  }
  return `${text}]}`;
}

/** MLServer names the codec it used; of ours, `str` differs from the array's only in that name. */
function asText(tensor: Tensor, textOutputs: readonly string[]): Tensor {
  if (tensor.datatype !== "BYTES" || !textOutputs.includes(tensor.name)) return tensor;
  return { ...tensor, parameters: { ...tensor.parameters, content_type: "str" } };
}

function encodeTensor(tensor: Tensor): string {
  const { name, shape, datatype, parameters } = tensor;
  const about = parameters === undefined ? "" : `,"parameters":${JSON.stringify(parameters)}`;
  return `{"name":${JSON.stringify(name)},"shape":[${shape.join(",")}],"datatype":"${datatype}"${about},"data":${jsonDataOf(tensor)}}`;
}

export function encodeModelMetadata({ name, metadata }: ModelSpec): object {
  const { versions, platform, inputs, outputs, parameters } = metadata;
  return {
    name,
    versions,
    platform,
    inputs: inputs.map(encodeTensorMetadata),
    outputs: outputs.map(encodeTensorMetadata),
    parameters,
  };
}

function encodeTensorMetadata({ name, datatype, shape, parameters }: TensorMetadata): object {
  return { name, datatype, shape, ...(parameters === undefined ? {} : { parameters }) };
}
