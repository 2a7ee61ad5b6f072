import { datatypeNames } from "../../contracts/datatypes.ts";
import { errorCodes } from "../../contracts/errors.ts";
import { type JsonObject, schemaRef } from "../http/openapi.ts";

/** The bodies of V2 as JSON Schema. Written by hand: requests are checked by hand too, number by number. */

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
const shape = {
  type: "array",
  items: { type: "integer", minimum: 0 },
  description: "Dimensions; the data is row-major.",
  examples: [[1, 64]],
} as const;
const signatureShape = {
  type: "array",
  items: { type: "integer", minimum: -1 },
  description: "Dimensions; -1 for one that varies.",
} as const;
const parameters = schemaRef("Parameters");
const datatype = schemaRef("Datatype");

export const v2Schemas: JsonObject = {
  Parameters: {
    type: "object",
    additionalProperties: true,
    description: "Anything that the model or the server understands; unknown ones are kept.",
  },
  Datatype: { type: "string", enum: datatypeNames },
  TensorData: {
    type: "array",
    items: {},
    description: "Elements, flat or nested as the shape says.",
  },
  RequestInput: {
    type: "object",
    required: ["name", "shape", "datatype", "data"],
    properties: { name: text, shape, datatype, parameters, data: schemaRef("TensorData") },
  },
  RequestOutput: {
    type: "object",
    required: ["name"],
    properties: { name: text, parameters },
  },
  InferenceRequest: {
    type: "object",
    required: ["inputs"],
    properties: {
      id: { ...text, description: "Comes back in the reply; one is made where there is none." },
      parameters: {
        ...parameters,
        description:
          "Among others `timeout` in microseconds and `priority` (0 is the default, 1 the highest).",
      },
      inputs: { type: "array", minItems: 1, items: schemaRef("RequestInput") },
      outputs: {
        type: "array",
        items: schemaRef("RequestOutput"),
        description: "Outputs that are wanted; without it the model's default.",
      },
    },
  },
  ResponseOutput: {
    type: "object",
    required: ["name", "shape", "datatype", "data"],
    properties: { name: text, shape, datatype, parameters, data: schemaRef("TensorData") },
  },
  InferenceResponse: {
    type: "object",
    required: ["model_name", "id", "outputs"],
    properties: {
      model_name: text,
      model_version: { ...text, description: "The version that answered; absent where the model has none." },
      id: text,
      parameters,
      outputs: { type: "array", items: schemaRef("ResponseOutput") },
    },
  },
  TensorMetadata: {
    type: "object",
    required: ["name", "datatype", "shape"],
    properties: { name: text, datatype, shape: signatureShape, parameters },
  },
  ModelMetadata: {
    type: "object",
    required: ["name", "versions", "platform", "inputs", "outputs"],
    properties: {
      name: text,
      versions: { type: "array", items: text },
      platform: text,
      inputs: { type: "array", items: schemaRef("TensorMetadata") },
      outputs: { type: "array", items: schemaRef("TensorMetadata") },
      parameters,
    },
  },
  ServerMetadata: {
    type: "object",
    required: ["name", "version", "extensions"],
    properties: { name: text, version: text, extensions: { type: "array", items: text } },
  },
  ServerHealth: {
    type: "object",
    required: ["live", "ready"],
    properties: { live: flag, ready: flag, error: text },
  },
  ModelHealth: {
    type: "object",
    required: ["name", "ready"],
    properties: { name: text, ready: flag, error: text },
  },
  IndexRequest: {
    type: "object",
    properties: { ready: { ...flag, description: "Only models that are ready." } },
  },
  IndexEntry: {
    type: "object",
    required: ["name", "state", "reason"],
    properties: {
      name: text,
      version: text,
      state: { type: "string", enum: ["READY", "LOADING", "UNLOADING", "UNAVAILABLE"] },
      reason: text,
    },
  },
  Error: {
    type: "object",
    required: ["error", "code"],
    properties: {
      error: { ...text, description: "What went wrong, for people." },
      code: { type: "string", enum: errorCodes },
      field: { ...text, description: "Path of the wrong field, as `inputs[0].shape`." },
      expected: text,
      got: text,
      model: text,
      version: text,
      hint: { ...text, description: "What to do." },
    },
  },
};
