import { join } from "node:path";
import { Complaint } from "../shared/complaint.ts";
import type { Variables } from "./config-file.ts";
import { enablesVariables } from "./config-keys.ts";
import type { Property } from "./properties-file.ts";

/** A SageMaker container, as the platform describes it with variables. */
export interface SagemakerContainer {
  /** Whether models are loaded over the API, or the one in `/opt/ml/model` is served. */
  readonly isMultiModel: boolean;
  /** Absolute; the model of a single-model container. */
  readonly modelFolder: string;
  /** Settings as a configuration file would say them; the variables are what they stand in. */
  readonly properties: ReadonlyMap<string, Property>;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  /** How long a model has to load. */
  readonly startupTimeoutMs: number;
  /** Null: as the container sees fit. */
  readonly defaultAccept: string | null;
}

const mebibyte = 1024 * 1024;
/** What the platform lets through. */
const defaultPayloadMb = 25;
const startupTimeoutS = 600;
/** What a worker can answer at all: the platform's own limits are for the platform to keep. */
const largestResponseBytes = 1024 * mebibyte;

/** Whether the variables say that this is a SageMaker container. */
export function isSagemakerContainer(variables: Variables): boolean {
  return variables["SAGEMAKER_MULTI_MODEL"] === "true" || (variables["SAGEMAKER_BIND_TO_PORT"] ?? "") !== "";
}

/** Reads the variables of the platform and of its inference toolkit. Throws a Complaint. */
export function readSagemakerContainer(variables: Variables): SagemakerContainer {
  const reader = new VariableReader(variables);
  const isMultiModel = variables["SAGEMAKER_MULTI_MODEL"] === "true";
  const base = reader.text("SAGEMAKER_BASE_DIR") ?? "/opt/ml";
  const port = reader.integer("SAGEMAKER_BIND_TO_PORT", 8080, 65_535);
  const payloadMb = reader.integer("SAGEMAKER_MAX_PAYLOAD_IN_MB", defaultPayloadMb, 1_000_000);
  const address = `http://0.0.0.0:${String(port)}`;
  const settings = new Map<string, Property>();
  const put = (key: string, value: string | null, where: string): void => {
    if (value !== null) settings.set(key, { key, value, where });
  };
  put(enablesVariables, "true", "default");
  put("inference_address", address, "SAGEMAKER_BIND_TO_PORT");
  put("management_address", address, "SAGEMAKER_BIND_TO_PORT");
  put("model_store", reader.text("SAGEMAKER_MODEL_STORE") ?? base, "SAGEMAKER_BASE_DIR");
  put("decode_input_request", "false", "default");
  put("default_service_handler", reader.text("SAGEMAKER_HANDLER"), "SAGEMAKER_HANDLER");
  const responseBytes = reader.text("SAGEMAKER_MAX_RESPONSE_SIZE") ?? String(largestResponseBytes);
  put("max_response_size", responseBytes, "SAGEMAKER_MAX_RESPONSE_SIZE");
  put("max_request_size", String(payloadMb * mebibyte), "SAGEMAKER_MAX_PAYLOAD_IN_MB");
  const workers = reader.text("SAGEMAKER_MODEL_SERVER_WORKERS") ?? (isMultiModel ? "1" : null);
  put("default_workers_per_model", workers, "SAGEMAKER_MODEL_SERVER_WORKERS");
  put(
    "default_response_timeout",
    reader.text("SAGEMAKER_MODEL_SERVER_TIMEOUT") ?? "60",
    "SAGEMAKER_MODEL_SERVER_TIMEOUT",
  );
  const seconds = reader.text("SAGEMAKER_MODEL_SERVER_TIMEOUT_SECONDS");
  put("default_response_timeout_seconds", seconds, "SAGEMAKER_MODEL_SERVER_TIMEOUT_SECONDS");
  return {
    isMultiModel,
    modelFolder: join(base, "model"),
    properties: settings,
    logLevel: logLevelOf(reader.integer("SAGEMAKER_CONTAINER_LOG_LEVEL", 20, 100)),
    startupTimeoutMs: reader.integer("SAGEMAKER_STARTUP_TIMEOUT", startupTimeoutS, 86_400) * 1000,
    defaultAccept: reader.text("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"),
  };
}

/** As Python's logging numbers them. */
function logLevelOf(level: number): SagemakerContainer["logLevel"] {
  if (level < 20) return "debug";
  if (level < 30) return "info";
  return level < 40 ? "warn" : "error";
}

class VariableReader {
  readonly #variables: Variables;

  constructor(variables: Variables) {
    this.#variables = variables;
  }

  text(name: string): string | null {
    const value = this.#variables[name]?.trim() ?? "";
    return value === "" ? null : value;
  }

  integer(name: string, fallback: number, most: number): number {
    const text = this.text(name);
    if (text === null) return fallback;
    const value = Number(text);
    if (/^\d+$/.test(text) && value <= most) return value;
    throw Complaint.misfit({
      where: name,
      field: name,
      expected: `a whole number, 0 to ${String(most)}`,
      got: text,
    });
  }
}
