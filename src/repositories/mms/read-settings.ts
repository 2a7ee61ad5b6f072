import { resolve } from "node:path";
import { nearest } from "../shared/nearest.ts";
import type { Variables } from "./config-file.ts";
import {
  allowedUrls,
  type ConfigKey,
  enablesVariables,
  honouredKeys,
  keysWithoutEffect,
} from "./config-keys.ts";
import { ConfigValues } from "./config-values.ts";
import { addressRule, type ListenAddress, parseListenAddress } from "./listen-address.ts";
import type { Property } from "./properties-file.ts";
import type { CrossOrigin, MmsSettings, StartupModels, TimeoutUnit, TlsFiles } from "./settings.ts";

export interface SettingsRequest {
  /** What the configuration file says. */
  readonly properties: ReadonlyMap<string, Property>;
  /** As the command line gave them; they go before the file. */
  readonly flags: { readonly modelStore?: string; readonly models?: readonly string[] };
  readonly variables: Variables;
  /** Relative paths are relative to it. */
  readonly cwd: string;
  readonly machine: { readonly cpus: number; readonly gpus: number };
}

/** Chooses what MMS means where its documents say seconds: `seconds` (the default here) or `minutes` (as its code does). */
const timeoutUnitVariable = "HOSTLER_MMS_TIMEOUT_UNIT";

/** Settles what counts: variables where the file allows them, then flags, then the file. Throws a Complaint. */
export function readMmsSettings(request: SettingsRequest): MmsSettings {
  const { cwd, machine, variables } = request;
  const properties = layered(request);
  const values = new ConfigValues(properties);
  const gpus = Math.min(machine.gpus, values.integer("number_of_gpu", machine.gpus, { least: 0 }));
  const timeoutUnit: TimeoutUnit = variables[timeoutUnitVariable] === "minutes" ? "minutes" : "seconds";
  const hidden = values.pattern("blacklist_env_vars");
  const isDebug = values.boolean("debug", false);
  const startup = startupModels(values);
  return {
    inference: address(values, "inference_address", "http://127.0.0.1:8080"),
    management: address(values, "management_address", "http://127.0.0.1:8081"),
    metrics: metricsAddress(values),
    modelStore: path(values.text("model_store"), cwd),
    startupModels: startup,
    workersPerModel: isDebug ? 1 : workers(values, gpus, machine.cpus),
    workersOfRegistered: values.integer("default_workers_per_model", 0, { least: 0 }),
    jobQueueSize: values.integer("job_queue_size", 100, { least: 1 }),
    responseTimeoutMs: responseTimeout(values, timeoutUnit),
    timeoutUnit,
    unregisterTimeoutMs: values.integer("unregister_model_timeout", 120, { least: 0 }) * 1000,
    gpus,
    decodesInput: values.boolean("decode_input_request", true),
    maxRequestBytes: values.integer("max_request_size", defaultMaxBytes, { least: 1 }),
    maxResponseBytes: values.integer("max_response_size", defaultMaxBytes, { least: 1 }),
    defaultHandler: values.text("default_service_handler"),
    hidesVariable: (name) => hidden?.test(name) ?? false,
    crossOrigin: crossOrigin(values),
    tls: tlsFiles(values, cwd),
    isDebug,
    allowsDownload: downloads(values, startup),
    notices: noticesOf(properties),
  };
}

const defaultMaxBytes = 6_553_500;
/** A timer takes no more. */
const longestTimeoutS = 2_000_000;

function layered({ properties, flags, variables }: SettingsRequest): ReadonlyMap<string, Property> {
  const all = new Map(properties);
  const put = (key: string, value: string, where: string): void => {
    all.set(key, { key, value, where });
  };
  if (flags.modelStore !== undefined) put("model_store", flags.modelStore, "--model-store");
  if (flags.models !== undefined) put("load_models", flags.models.join(","), "--models");
  if (!new ConfigValues(properties).boolean(enablesVariables, false)) return all;
  for (const key of [...honouredKeys, ...keysWithoutEffect.keys()]) {
    const name = `MMS_${key.toUpperCase()}`;
    const value = variables[name];
    if (value !== undefined) put(key, value, name);
  }
  return all;
}

function metricsAddress(values: ConfigValues): ListenAddress | null {
  return values.text("metrics_address") === null ? null : address(values, "metrics_address", "");
}

function address(values: ConfigValues, key: ConfigKey, fallback: string): ListenAddress {
  const parsed = parseListenAddress(values.text(key) ?? fallback);
  if (parsed === undefined) throw values.misfit(key, addressRule);
  return parsed;
}

function path(text: string | null, cwd: string): string | null {
  return text === null ? null : resolve(cwd, text);
}

/** As MMS counts: what is said, then what an earlier release called it, then a worker for each GPU, or each core. */
function workers(values: ConfigValues, gpus: number, cpus: number): number {
  const said = values.integer("default_workers_per_model", 0, { least: 0 });
  const formerly = said > 0 ? said : values.integer("NUM_WORKERS", 0, { least: 0 });
  return formerly > 0 ? formerly : gpus > 0 ? gpus : cpus;
}

function responseTimeout(values: ConfigValues, unit: TimeoutUnit): number {
  const seconds = values.integer("default_response_timeout_seconds", -1, {
    least: -1,
    most: longestTimeoutS,
  });
  if (seconds > 0) return seconds * 1000;
  const said = values.integer("default_response_timeout", 120, { least: 0, most: longestTimeoutS / 60 });
  return said * (unit === "minutes" ? 60_000 : 1000);
}

function startupModels(values: ConfigValues): StartupModels {
  const items = values.list("load_models");
  if (items.length === 1 && items[0]?.toUpperCase() === "ALL") return "all";
  return items.map((item) => {
    const at = item.indexOf("=");
    return at === -1
      ? { name: null, url: item }
      : { name: item.slice(0, at).trim(), url: item.slice(at + 1).trim() };
  });
}

function crossOrigin(values: ConfigValues): CrossOrigin | null {
  const origin = values.text("cors_allowed_origin");
  if (origin === null) return null;
  return {
    origin,
    methods: values.list("cors_allowed_methods"),
    headers: values.list("cors_allowed_headers"),
  };
}

/** Node reads the usual keystores itself; Java's own format it does not. */
function tlsFiles(values: ConfigValues, cwd: string): TlsFiles | null {
  const keystore = path(values.text("keystore"), cwd);
  if (keystore !== null) {
    const type = values.text("keystore_type")?.toUpperCase() ?? "PKCS12";
    const hint =
      "Convert it: keytool -importkeystore -srckeystore OLD -destkeystore NEW -deststoretype PKCS12.";
    if (type !== "PKCS12" && type !== "P12") throw values.misfit("keystore_type", "PKCS12", hint);
    return { kind: "pkcs12", keystore, passphrase: values.text("keystore_pass") ?? "changeit" };
  }
  const privateKey = path(values.text("private_key_file"), cwd);
  const certificate = path(values.text("certificate_file"), cwd);
  if (privateKey === null && certificate === null) return null;
  if (privateKey === null)
    throw values.misfit("private_key_file", "a file, because certificate_file names one");
  if (certificate === null)
    throw values.misfit("certificate_file", "a file, because private_key_file names one");
  return { kind: "pem", certificate, privateKey };
}

/** What TorchServe's list of patterns has, and what the operator wants from the start; nothing else may be downloaded. */
function downloads(values: ConfigValues, startup: StartupModels): (url: string) => boolean {
  const named = new Set(startup === "all" ? [] : startup.map(({ url }) => url));
  const patterns = values.list(allowedUrls).map((text) => {
    try {
      return new RegExp(`^(?:${text})$`);
    } catch {
      throw values.misfit(allowedUrls, "regular expressions between commas");
    }
  });
  return (url) => named.has(url) || patterns.some((pattern) => pattern.test(url));
}

/** Keys without effect in one line, and each that nobody knows. */
function noticesOf(properties: ReadonlyMap<string, Property>): readonly string[] {
  const known = new Set<string>([
    ...honouredKeys,
    ...keysWithoutEffect.keys(),
    enablesVariables,
    allowedUrls,
    "NUM_WORKERS",
  ]);
  const idle = [...properties.values()].flatMap(({ key, where }) => {
    const why = keysWithoutEffect.get(key);
    return why === undefined ? [] : [`${key} (${where}: ${why})`];
  });
  const unknown = [...properties.values()].filter(({ key }) => !known.has(key));
  return [
    ...(idle.length === 0 ? [] : [`These settings have no effect: ${idle.join(", ")}.`]),
    ...unknown.map(({ key, where }) => {
      const near = nearest(key, known);
      return `${where}: nobody knows the setting ${key}${near === undefined ? "" : `; is it ${near}?`}`;
    }),
  ];
}
