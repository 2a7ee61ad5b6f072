import type { Json } from "../../contracts/parameters.ts";
import { booleanField, integerField } from "./decoders.ts";

interface UnsupportedField {
  /** Whether the value asks for nothing: MLServer's default, and what amounts to it. */
  readonly isNeutral: (raw: Json) => boolean;
  /** In words that follow the field and its value. */
  readonly why: string;
}

type UnsupportedFields = Readonly<Record<string, UnsupportedField>>;

export interface UnsupportedUse {
  readonly field: string;
  readonly value: Json;
  readonly why: string;
}

const noGrpc = "gRPC is not served";
const noKafka = "nothing is read from Kafka";
const noCache = "replies are not cached";
const noArchives = "environment archives are not unpacked";

/** Fields of `settings.json` that MLServer knows and hostler has nothing behind. */
export const unsupportedServerFields: UnsupportedFields = {
  environments_dir: { isNeutral: isEmpty, why: noArchives },
  model_repository_implementation: {
    isNeutral: is(
      "mlserver.repository.SchemalessModelRepository",
      "mlserver.repository.repository.SchemalessModelRepository",
    ),
    why: "models are read from the folder",
  },
  model_repository_implementation_args: { isNeutral: isEmpty, why: "models are read from the folder" },
  model_repository_root: { isNeutral: is("."), why: "the folder on the command line is served" },
  grpc_port: { isNeutral: is(8081), why: noGrpc },
  grpc_max_message_length: { isNeutral: isEmpty, why: noGrpc },
  metrics_dir: { isNeutral: isEmpty, why: "metrics need no folder" },
  logging_settings: { isNeutral: isEmpty, why: "see --log-level and --log-format" },
  kafka_enabled: { isNeutral: is(false), why: noKafka },
  kafka_servers: { isNeutral: is("localhost:9092"), why: noKafka },
  kafka_topic_input: { isNeutral: is("mlserver-input"), why: noKafka },
  kafka_topic_output: { isNeutral: is("mlserver-output"), why: noKafka },
  tracing_server: { isNeutral: isEmpty, why: "no traces are sent" },
  cache_enabled: { isNeutral: is(false), why: noCache },
  cache_size: { isNeutral: is(100), why: noCache },
};

/** The same for the top level of `model-settings.json`. */
export const unsupportedModelFields: UnsupportedFields = {
  parallel_workers: { isNeutral: isPositive, why: "models always run in worker processes" },
  cache_enabled: { isNeutral: is(false), why: noCache },
};

/** The same for its `parameters`. */
export const unsupportedModelParameters: UnsupportedFields = {
  environment_tarball: { isNeutral: isEmpty, why: `${noArchives}; the model runs in the server's Python` },
  inference_pool_gid: { isNeutral: isEmpty, why: "models share the workers of their environment" },
  autogenerate_inference_pool_gid: {
    isNeutral: is(false),
    why: "models share the workers of their environment",
  },
  format: { isNeutral: isEmpty, why: "only Spark MLlib models have one" },
  content_type: { isNeutral: is("np", "pd", "str"), why: "requests are read as arrays" },
};

/** The same for the `parameters` of an input or output. */
export const unsupportedTensorParameters: UnsupportedFields = {
  content_type: { isNeutral: is("np"), why: "requests are read as arrays" },
};

/** Which of the fields are set to something. `lookUp` finds what a field is set to. */
export function unsupportedUses(
  fields: UnsupportedFields,
  lookUp: (field: string) => Json | undefined,
): readonly UnsupportedUse[] {
  return Object.entries(fields).flatMap(([field, { isNeutral, why }]) => {
    const value = lookUp(field);
    return value === undefined || isEmpty(value) || isNeutral(value) ? [] : [{ field, value, why }];
  });
}

function isEmpty(raw: Json): boolean {
  if (raw === null || raw === "") return true;
  return typeof raw === "object" && Object.keys(raw).length === 0;
}

function isPositive(raw: Json): boolean {
  return (integerField.decode(raw) ?? 0) > 0;
}

/** Equal to one of the values, as far as pydantic tells: `"false"` is false. */
function is(...values: readonly (string | number | boolean)[]): (raw: Json) => boolean {
  return (raw) =>
    values.some((value) => {
      if (typeof value === "boolean") return booleanField.decode(raw) === value;
      return typeof value === "number" ? integerField.decode(raw) === value : raw === value;
    });
}
