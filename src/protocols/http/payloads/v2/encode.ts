import type { ModelSpec } from "../../../../core/models/model-spec.ts";
import type { InferenceResult } from "../../../../core/scheduling/inference-call.ts";
import { jsonDataOf } from "../../../../core/tensors/json-writer.ts";
import type { Tensor } from "../../../../core/tensors/tensor.ts";

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
  return encodeReply(
    spec,
    id,
    result.outputs.map((output) =>
      encodeTensor(textOutputs.length === 0 ? output : asText(output, textOutputs)),
    ),
  );
}

/** @param outputs what {@link encodeTensor} made of each */
export function encodeReply(spec: ModelSpec, id: string, outputs: readonly string[]): string {
  return `${headOf(spec)}${JSON.stringify(id)},"parameters":{},"outputs":[${outputs.join(",")}]}`;
}

/** MLServer names the codec it used; of ours, `str` differs from the array's only in that name. */
function asText(tensor: Tensor, textOutputs: readonly string[]): Tensor {
  if (tensor.datatype !== "BYTES" || !textOutputs.includes(tensor.name)) return tensor;
  return { ...tensor, parameters: { ...tensor.parameters, content_type: "str" } };
}

export function encodeTensor(tensor: Tensor): string {
  const { name, shape, datatype, parameters } = tensor;
  const about = parameters === undefined ? "" : `,"parameters":${JSON.stringify(parameters)}`;
  return `{"name":${JSON.stringify(name)},"shape":[${shape.join(",")}],"datatype":"${datatype}"${about},"data":${jsonDataOf(tensor)}}`;
}
