import {
  identifierRule,
  type ModelName,
  type ModelVersionName,
  parseModelName,
  parseModelVersion,
} from "../../contracts/identifiers.ts";
import type { Json } from "../../contracts/parameters.ts";
import type { BatchingSettings, ModelMetadata, RuntimeName } from "../../core/models/model-spec.ts";
import { Complaint } from "../shared/complaint.ts";
import type { JsonPath } from "../shared/json-scanner.ts";
import { integerField, nullable, numberField, textField, textsField } from "./decoders.ts";
import type { Environment } from "./environment.ts";
import { FieldReader } from "./field-reader.ts";
import { runtimeOf, supportedImplementations } from "./implementations.ts";
import { type ModelRemarks, remarksOn } from "./model-remarks.ts";
import type { ModelSettingsSource } from "./model-settings-source.ts";
import { readTensors } from "./tensor-metadata.ts";

/** What the settings of a model say, before anything they point to has been looked at. */
export interface ModelSettings {
  readonly name: ModelName;
  readonly version: ModelVersionName | null;
  readonly runtime: RuntimeName;
  /** Null: the folder of the settings. */
  readonly uri: string | null;
  readonly environmentPath: string | null;
  readonly batching: BatchingSettings;
  readonly metadata: ModelMetadata;
  readonly extra: Readonly<Record<string, Json>>;
  readonly remarks: ModelRemarks;
  /** Where a field of `parameters` stands, for messages. */
  readonly whereParameter: (key: "uri" | "environment_path") => string;
}

/**
 * Reads a model's settings as MLServer does: a field that the file leaves out is filled from `MLSERVER_MODEL_` + its
 * name, in every model alike. Throws a {@link Complaint} where the model cannot be served.
 */
export function readModelSettings(source: ModelSettingsSource, environment: Environment): ModelSettings {
  const variable = environment.modelField.bind(environment);
  const { object, whereValue } = source;
  const top = new FieldReader({ object, prefix: "", whereValue: (key) => whereValue([key]), variable });
  const name = readName(top, source.folderName);
  const runtime = readRuntime(top);
  const parameters = new FieldReader({
    object: top.readObject("parameters"),
    prefix: "parameters.",
    whereValue: (key) => whereValue(["parameters", key]),
    variable,
  });
  const contentType = parameters.read("content_type", nullable(textField), null);
  const settings = {
    name,
    runtime,
    version: readVersion(parameters),
    uri: parameters.read("uri", nullable(textField), null),
    environmentPath: parameters.read("environment_path", nullable(textField), null),
    batching: readBatching(top),
    metadata: readMetadata(top, whereValue, contentType),
    extra: parameters.readObject("extra"),
    whereParameter: (key: string) => parameters.where(key),
  };
  return { ...settings, remarks: remarksOn({ source, top, parameters, metadata: settings.metadata }) };
}

function readName(top: FieldReader, folderName: string): ModelName {
  const text = top.read("name", textField, "");
  const name = parseModelName(text === "" ? folderName : text);
  if (name !== undefined) return name;
  const where = top.where("name");
  if (text !== "") throw Complaint.misfit({ where, field: "name", expected: identifierRule, got: text });
  throw new Complaint({
    where,
    reason:
      folderName === ""
        ? "name: it is missing"
        : `name: it is missing, and the folder's cannot stand in: ${JSON.stringify(folderName)}`,
    hint: `A name has ${identifierRule}.`,
  });
}

function readRuntime(top: FieldReader): RuntimeName {
  const where = (): string => top.where("implementation");
  const implementation = top.read("implementation", nullable(textField), null);
  if (implementation !== null) return runtimeOf(implementation, where);
  const hint = `Name one of ${supportedImplementations.join(", ")}.`;
  throw new Complaint({ where: where(), reason: "implementation: it is missing", hint });
}

/** MLServer takes an empty version for none. */
function readVersion(parameters: FieldReader): ModelVersionName | null {
  const text = parameters.read("version", nullable(textField), null);
  if (text === null || text === "") return null;
  const version = parseModelVersion(text);
  if (version !== undefined) return version;
  const where = parameters.where("version");
  throw Complaint.misfit({ where, field: "parameters.version", expected: identifierRule, got: text });
}

/** As in MLServer, batching is declared only where both fields are: the size counts calls, the time is in seconds. */
function readBatching(top: FieldReader): BatchingSettings {
  const maxCalls = top.read("max_batch_size", integerField, 0);
  const maxWaitMs = top.read("max_batch_time", numberField, 0) * 1000;
  return maxCalls > 1 && maxWaitMs > 0 ? { maxCalls, maxWaitMs } : { maxCalls: 0, maxWaitMs: 0 };
}

function readMetadata(
  top: FieldReader,
  whereValue: (path: JsonPath) => string,
  contentType: string | null,
): ModelMetadata {
  return {
    platform: top.read("platform", textField, ""),
    versions: top.read("versions", textsField, []),
    inputs: readTensors(top, "inputs", whereValue),
    outputs: readTensors(top, "outputs", whereValue),
    parameters: contentType === null ? {} : { content_type: contentType },
  };
}
