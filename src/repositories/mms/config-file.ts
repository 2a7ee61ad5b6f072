import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Complaint } from "../shared/complaint.ts";
import { isMissing } from "../shared/file-errors.ts";
import { displayPath } from "../shared/paths.ts";
import { type Property, readProperties } from "./properties-file.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

export interface ConfigFileRequest {
  /** As `--mms-config` named it; undefined where it was not given. */
  readonly file: string | undefined;
  readonly variables: Variables;
  readonly cwd: string;
}

const usualFile = "config.properties";
/** What `--mms-config` may say instead of a file. */
const bundledName = "sagemaker";

/**
 * Reads the configuration that counts: that of MMS_CONFIG_FILE, else of `--mms-config`, else `config.properties` in the
 * working folder, which may be missing. Complains where a file that somebody named is not there.
 */
export async function readConfigFile({
  file,
  variables,
  cwd,
}: ConfigFileRequest): Promise<ReadonlyMap<string, Property>> {
  const named = nonEmpty(variables["MMS_CONFIG_FILE"]) ?? nonEmpty(file);
  if (named === bundledName)
    return filledIn(readProperties(bundledText(variables), "--mms-config sagemaker"), variables);
  const path = resolve(cwd, named ?? usualFile);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error) && named === undefined) return new Map();
    const reason = isMissing(error)
      ? `--mms-config file not found: ${named ?? usualFile}`
      : `the configuration cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    throw new Complaint({ where: displayPath(path, cwd), reason });
  }
  return filledIn(readProperties(text, displayPath(path, cwd)), variables);
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

/** With the variables that `$$NAME$$` stands for. */
function filledIn(
  properties: ReadonlyMap<string, Property>,
  variables: Variables,
): ReadonlyMap<string, Property> {
  const filled = [...properties].map(([key, { value, where }]): [string, Property] => {
    const text = value.replace(/\$\$(\w+)\$\$/g, (all, name: string) => {
      const found = variables[name];
      if (found !== undefined) return found;
      throw new Complaint({
        where,
        reason: `${key}: the variable ${name} is not set, and ${all} stands for it`,
        hint: `Set ${name}, or write the value itself.`,
      });
    });
    return [key, { key, value: text, where }];
  });
  return new Map(filled);
}

/** What MMS brings along for containers of SageMaker: lines for those variables that are set. */
function bundledText(variables: Variables): string {
  const port = nonEmpty(variables["SAGEMAKER_BIND_TO_PORT"]) ?? "8080";
  const lines = [
    "enable_envvars_config=true",
    `inference_address=http://0.0.0.0:${port}`,
    `management_address=http://0.0.0.0:${port}`,
  ];
  const optional = {
    model_store: "SAGEMAKER_MODEL_STORE",
    default_response_timeout: "SAGEMAKER_RESPONSE_TIMEOUT",
    default_workers_per_model: "SAGEMAKER_NUM_MODEL_WORKERS",
    default_service_handler: "SAGEMAKER_HANDLER",
    max_response_size: "SAGEMAKER_MAX_RESPONSE_SIZE",
    max_request_size: "SAGEMAKER_MAX_REQUEST_SIZE",
  } as const;
  for (const [key, name] of Object.entries(optional)) {
    if (nonEmpty(variables[name]) !== undefined) lines.push(`${key}=$$${name}$$`);
  }
  return `${lines.join("\n")}\n`;
}
