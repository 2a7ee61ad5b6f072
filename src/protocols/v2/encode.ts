import type { ModelSpec, TensorMetadata } from "../../core/models/model-spec.ts";

/** A model's metadata, with MLServer's key order. */
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
