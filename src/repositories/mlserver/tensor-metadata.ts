import { datatypeNames, isDatatype } from "../../contracts/datatypes.ts";
import type { Json } from "../../contracts/parameters.ts";
import type { TensorMetadata } from "../../core/models/model-spec.ts";
import { Complaint } from "../shared/complaint.ts";
import { isJsonObject } from "../shared/parse-json.ts";
import type { JsonPath } from "../shared/json-scanner.ts";
import { integerField, listField } from "./decoders.ts";
import type { FieldReader } from "./field-reader.ts";

/** The tensors that a model's settings declare. */
export function readTensors(
  top: FieldReader,
  field: "inputs" | "outputs",
  whereValue: (path: JsonPath) => string,
): readonly TensorMetadata[] {
  const tensors = top.read(field, listField, []);
  const isFilled = top.filled.some((filled) => filled.field === field);
  const where = isFilled ? (): string => top.where(field) : whereValue;
  return tensors.map((raw, index) => readTensor(raw, [field, index], where));
}

function readTensor(raw: Json, path: JsonPath, whereValue: (path: JsonPath) => string): TensorMetadata {
  const misfit = (key: readonly string[], expected: string, got: Json | undefined): Complaint => {
    const [field = "", index = 0] = path;
    const name = [`${String(field)}[${String(index)}]`, ...key].join(".");
    return Complaint.misfit({ where: whereValue([...path, ...key]), field: name, expected, got });
  };
  if (!isJsonObject(raw)) throw misfit([], "an object with name, datatype and shape", raw);
  const { name, datatype, shape, parameters = null } = raw;
  if (typeof name !== "string") throw misfit(["name"], "a string", name);
  if (!isDatatype(datatype)) throw misfit(["datatype"], `one of ${datatypeNames.join(", ")}`, datatype);
  const dimensions = dimensionsOf(shape);
  if (dimensions === undefined) throw misfit(["shape"], "a list of whole numbers", shape);
  if (parameters !== null && !isJsonObject(parameters)) throw misfit(["parameters"], "an object", parameters);
  return { name, datatype, shape: dimensions, ...(parameters === null ? {} : { parameters }) };
}

function dimensionsOf(shape: Json | undefined): readonly number[] | undefined {
  const items = listField.decode(shape ?? null);
  const dimensions = items?.flatMap((item) => integerField.decode(item) ?? []);
  return dimensions?.length === items?.length ? dimensions : undefined;
}
