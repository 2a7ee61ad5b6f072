import type { ModelMetadata, TensorMetadata } from "../../core/models/model-spec.ts";
import { nearest } from "../shared/nearest.ts";
import type { FieldReader, FilledField } from "./field-reader.ts";
import { isAnnotation, modelFields, parameterFields } from "./model-fields.ts";
import type { ModelSettingsSource } from "./model-settings-source.ts";
import {
  unsupportedModelFields,
  unsupportedModelParameters,
  unsupportedTensorParameters,
  type UnsupportedUse,
  unsupportedUses,
} from "./unsupported-fields.ts";

/** What the operator should know of a model's settings although the model can be served. */
export interface ModelRemarks {
  /** Fields that a variable filled. */
  readonly filled: readonly FilledField[];
  readonly unsupported: readonly UnsupportedUse[];
  /** Keys without a meaning, as messages name them. */
  readonly unknown: readonly string[];
}

interface ReadSettings {
  readonly source: ModelSettingsSource;
  readonly top: FieldReader;
  readonly parameters: FieldReader;
  readonly metadata: ModelMetadata;
}

export function remarksOn({ source, top, parameters, metadata }: ReadSettings): ModelRemarks {
  return {
    filled: [...top.filled, ...parameters.filled],
    unsupported: [
      ...unsupportedUses(unsupportedModelFields, (field) => top.find(field)),
      ...unsupportedUses(unsupportedModelParameters, (field) => parameters.find(field)).map((use) => ({
        ...use,
        field: `parameters.${use.field}`,
      })),
      ...foreignContentTypes("inputs", metadata.inputs),
      ...foreignContentTypes("outputs", metadata.outputs),
    ],
    unknown: [...unknownFields(source), ...misspeltParameters(source, parameters)],
  };
}

/** Tensors whose settings ask for a codec: there is one, which reads and writes arrays. */
function foreignContentTypes(field: string, tensors: readonly TensorMetadata[]): readonly UnsupportedUse[] {
  const lookUp = ({ parameters }: TensorMetadata): readonly UnsupportedUse[] =>
    unsupportedUses(unsupportedTensorParameters, (key) => parameters?.[key]);
  return tensors.flatMap(lookUp).map((use) => ({ ...use, field: `${field}.parameters.${use.field}` }));
}

function unknownFields({ object, whereKey }: ModelSettingsSource): readonly string[] {
  const known: readonly string[] = modelFields;
  return Object.keys(object)
    .filter((key) => !known.includes(key) && !isAnnotation(key))
    .map((key) => {
      const meant = nearest(key, known);
      const misplaced = meant === undefined && isParameter(key) ? "; it belongs in parameters" : "";
      return `${key} (${whereKey([key])}${meant === undefined ? misplaced : `; did you mean ${meant}?`})`;
    });
}

/** Other keys are the model's own business: only those count that are nearly one of MLServer's. */
function misspeltParameters({ whereKey }: ModelSettingsSource, parameters: FieldReader): readonly string[] {
  return parameters.keys.flatMap((key) => {
    const meant = isParameter(key) ? undefined : nearest(key, parameterFields);
    if (meant === undefined) return [];
    return [`parameters.${key} (${whereKey(["parameters", key])}; did you mean ${meant}?)`];
  });
}

function isParameter(key: string): boolean {
  const known: readonly string[] = parameterFields;
  return known.includes(key);
}
