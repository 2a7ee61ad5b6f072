import { join } from "node:path";
import { expect, test } from "vitest";
import { Complaint } from "../shared/complaint.ts";
import { folderWith } from "../testing/folder.ts";
import { readConfigFile, type Variables } from "./config-file.ts";
import { isSameAddress, parseListenAddress } from "./listen-address.ts";
import { readProperties } from "./properties-file.ts";
import { readMmsSettings, type SettingsRequest } from "./read-settings.ts";
import { isSagemakerContainer, readSagemakerContainer } from "./sagemaker-variables.ts";
import type { MmsSettings } from "./settings.ts";

const machine = { cpus: 2, gpus: 0 };

function settings(text: string, request: Partial<SettingsRequest> = {}): MmsSettings {
  const properties = readProperties(text, "config.properties");
  return readMmsSettings({ properties, flags: {}, variables: {}, cwd: "/work folder", machine, ...request });
}

function complaint(read: () => unknown): readonly [string, string] {
  try {
    read();
  } catch (error) {
    if (error instanceof Complaint) return [error.where, error.reason];
    throw error;
  }
  throw new Error("Nothing was complained of.");
}

test("properties are read as Java reads them", () => {
  const text = [
    "# a comment \\",
    "  ! another",
    "plain=1",
    " spaced \t=  two  ",
    "colon: three",
    "blank four",
    "path=/a\\",
    "    /b",
    "odd\\=key=v\\u0041\\tl\\q\\\\",
    "ends\\\\",
    "empty=",
    "plain=last",
  ].join("\r\n");
  const found = [...readProperties(text, "f")].map(([key, { value, where }]) => [key, value, where]);
  expect(found).toEqual([
    ["plain", "last", "f:12"],
    ["spaced", "two  ", "f:4"],
    ["colon", "three", "f:5"],
    ["blank", "four", "f:6"],
    ["path", "/a/b", "f:7"],
    ["odd=key", "vA\tlq\\", "f:9"],
    ["ends\\", "", "f:10"],
    ["empty", "", "f:11"],
  ]);
  expect(complaint(() => readProperties("a=\\u12", "f"))[0]).toBe("f:1");
});

test("nothing said is MMS's defaults, but for minutes", () => {
  expect(settings("")).toMatchObject({
    inference: { kind: "tcp", host: "127.0.0.1", port: 8080, isSecure: false },
    management: { kind: "tcp", host: "127.0.0.1", port: 8081, isSecure: false },
    modelStore: null,
    metrics: null,
    startupModels: [],
    workersPerModel: 2,
    workersOfRegistered: 0,
    jobQueueSize: 100,
    responseTimeoutMs: 120_000,
    timeoutUnit: "seconds",
    unregisterTimeoutMs: 120_000,
    decodesInput: true,
    maxRequestBytes: 6_553_500,
    maxResponseBytes: 6_553_500,
    defaultHandler: null,
    crossOrigin: null,
    tls: null,
    notices: [],
  });
});

test("minutes are minutes for those who say so, and seconds win over both", () => {
  const variables = { HOSTLER_MMS_TIMEOUT_UNIT: "minutes" };
  expect(settings("default_response_timeout=60", { variables }).responseTimeoutMs).toBe(3_600_000);
  expect(settings("default_response_timeout=60").responseTimeoutMs).toBe(60_000);
  const both = "default_response_timeout=60\ndefault_response_timeout_seconds=5";
  expect(settings(both, { variables }).responseTimeoutMs).toBe(5000);
});

test("every key that counts is taken", () => {
  const text = `
inference_address=https://0.0.0.0:8443
management_address=unix:/tmp/management.sock
metrics_address=http://127.0.0.1:9
model_store=models
load_models=a=one.mar, two.mar
default_workers_per_model=3
job_queue_size=7
unregister_model_timeout=9
decode_input_request=false
max_request_size=10
max_response_size=11
default_service_handler=h.py:handle
blacklist_env_vars=AWS_.*|SECRET
cors_allowed_origin=*
cors_allowed_methods=GET, POST
cors_allowed_headers=x-a
private_key_file=key.pem
certificate_file=/abs/cert.pem
allowed_urls=https://models\\\\.example/.*`;
  const found = settings(text);
  expect(found).toMatchObject({
    inference: { kind: "tcp", host: "0.0.0.0", port: 8443, isSecure: true },
    management: { kind: "unix", path: "/tmp/management.sock" },
    metrics: { kind: "tcp", host: "127.0.0.1", port: 9, isSecure: false },
    modelStore: "/work folder/models",
    startupModels: [
      { name: "a", url: "one.mar" },
      { name: null, url: "two.mar" },
    ],
    workersPerModel: 3,
    workersOfRegistered: 3,
    jobQueueSize: 7,
    unregisterTimeoutMs: 9000,
    decodesInput: false,
    maxRequestBytes: 10,
    maxResponseBytes: 11,
    defaultHandler: "h.py:handle",
    crossOrigin: { origin: "*", methods: ["GET", "POST"], headers: ["x-a"] },
    tls: { kind: "pem", certificate: "/abs/cert.pem", privateKey: "/work folder/key.pem" },
    notices: [],
  });
  expect(["AWS_KEY", "SECRET", "MY_SECRET", "PATH"].map(found.hidesVariable)).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(["https://models.example/a.mar", "https://models-example/a.mar"].map(found.allowsDownload)).toEqual([
    true,
    false,
  ]);
});

test("what the server starts with may be downloaded, and nothing beside it", () => {
  const url = "https://models.example/a.mar";
  for (const found of [
    settings(`load_models=a=${url}`),
    settings("", { flags: { models: [`a=${url}`, "b.mar"] } }),
  ]) {
    expect([url, `${url}.mar`, "https://models.example/"].map(found.allowsDownload)).toEqual([
      true,
      false,
      false,
    ]);
  }
});

test("workers are counted as MMS counts them", () => {
  const gpus = { machine: { cpus: 8, gpus: 4 } };
  expect([
    settings("", gpus).workersPerModel,
    settings("number_of_gpu=2", gpus).workersPerModel,
    settings("number_of_gpu=0", gpus).workersPerModel,
    settings("NUM_WORKERS=5", gpus).workersPerModel,
    settings("debug=true", gpus).workersPerModel,
  ]).toEqual([4, 2, 8, 5, 1]);
});

test("variables go before flags, and flags before the file, where the file lets variables count", () => {
  const variables = { MMS_JOB_QUEUE_SIZE: "5", MMS_MODEL_STORE: "/variable" };
  const flags = { modelStore: "/flag", models: ["a=b", "c"] };
  const file = "model_store=/file\njob_queue_size=1\nload_models=ALL\n";
  expect(settings(file, { variables, flags })).toMatchObject({
    modelStore: "/flag",
    jobQueueSize: 1,
    startupModels: [
      { name: "a", url: "b" },
      { name: null, url: "c" },
    ],
  });
  expect(settings(`${file}enable_envvars_config=true`, { variables, flags })).toMatchObject({
    modelStore: "/variable",
    jobQueueSize: 5,
  });
  expect(settings(file).startupModels).toBe("all");
});

test("keys without effect are named in one line, and unknown ones by their place", () => {
  expect(settings("vmargs=-Xmx1g\nnumber_of_netty_threads=4\njob_queue_sise=3").notices).toEqual([
    expect.stringMatching(
      /^These settings have no effect: vmargs \(config\.properties:1: .*number_of_netty_threads/,
    ),
    "config.properties:3: nobody knows the setting job_queue_sise; is it job_queue_size?",
  ]);
});

test.each([
  ["job_queue_size=many", /^job_queue_size: expected a whole number, 1 or more, got "many"$/],
  ["job_queue_size=0", /1 or more/],
  ["decode_input_request=yes", /expected true or false/],
  ["inference_address=localhost", /http:\/\/HOST:PORT/],
  ["inference_address=ftp://x:1", /http:\/\/HOST:PORT/],
  ["blacklist_env_vars=(", /regular expression/],
  ["keystore=a.jks\nkeystore_type=JKS", /^keystore_type: expected PKCS12, got "JKS"$/],
  ["private_key_file=key.pem", /^certificate_file: expected a file/],
])("%s is refused with its place", (text, reason) => {
  const [where, why] = complaint(() => settings(`\n${text}`));
  expect(where).toMatch(/^config\.properties:[23]$|^certificate_file$/);
  expect(why).toMatch(reason);
});

test("variables in the file are filled in, and a missing one ends the start", async () => {
  const folder = await folderWith({
    "config.properties": "model_store=$$STORE$$/x\n\ndefault_service_handler=$$HANDLER$$",
  });
  const read = (variables: Variables): Promise<unknown> =>
    readConfigFile({ file: undefined, variables, cwd: folder });
  const found = await readConfigFile({
    file: undefined,
    variables: { STORE: "/s", HANDLER: "h" },
    cwd: folder,
  });
  expect(found.get("model_store")?.value).toBe("/s/x");
  await expect(read({ STORE: "/s" })).rejects.toMatchObject({
    where: "config.properties:3",
    reason: "default_service_handler: the variable HANDLER is not set, and $$HANDLER$$ stands for it",
  });
});

test("the file is that of the variable, else of the flag, else the usual one; a named one has to be there", async () => {
  const cwd = await folderWith({ "a.properties": "debug=true", "b.properties": "debug=false" });
  const debugOf = async (file: string | undefined, variables: Variables): Promise<string | undefined> =>
    (await readConfigFile({ file, variables, cwd })).get("debug")?.value;
  expect(await debugOf("a.properties", { MMS_CONFIG_FILE: join(cwd, "b.properties") })).toBe("false");
  expect(await debugOf("a.properties", {})).toBe("true");
  expect(await debugOf(undefined, {})).toBeUndefined();
  await expect(debugOf("c.properties", {})).rejects.toMatchObject({
    reason: "--mms-config file not found: c.properties",
  });
});

test("--mms-config sagemaker is driven by variables", async () => {
  const variables = {
    SAGEMAKER_BIND_TO_PORT: "9000",
    SAGEMAKER_MODEL_STORE: "/opt/ml/model",
    SAGEMAKER_NUM_MODEL_WORKERS: "4",
  };
  const properties = await readConfigFile({ file: "sagemaker", variables, cwd: "/" });
  const found = readMmsSettings({ properties, flags: {}, variables, cwd: "/", machine });
  expect(found).toMatchObject({ inference: { port: 9000 }, modelStore: "/opt/ml/model", workersPerModel: 4 });
  expect(isSameAddress(found.inference, found.management)).toBe(true);
});

test("two listeners on any free port are two", () => {
  const [one, other] = [parseListenAddress("http://127.0.0.1:0"), parseListenAddress("http://[::1]:80")];
  expect(other).toEqual({ kind: "tcp", host: "::1", port: 80, isSecure: false });
  expect(one !== undefined && isSameAddress(one, one)).toBe(false);
});

test("the variables of a SageMaker container are settings", () => {
  expect([
    isSagemakerContainer({}),
    isSagemakerContainer({ SAGEMAKER_MULTI_MODEL: "false" }),
    isSagemakerContainer({ SAGEMAKER_MULTI_MODEL: "true" }),
    isSagemakerContainer({ SAGEMAKER_BIND_TO_PORT: "8080" }),
  ]).toEqual([false, false, true, true]);
  const variables = {
    SAGEMAKER_MULTI_MODEL: "true",
    SAGEMAKER_BIND_TO_PORT: "9191",
    SAGEMAKER_HANDLER: "/home/model-server/model_handler.py:handle",
    SAGEMAKER_MAX_PAYLOAD_IN_MB: "2",
    SAGEMAKER_CONTAINER_LOG_LEVEL: "10",
    MMS_JOB_QUEUE_SIZE: "7",
  };
  const container = readSagemakerContainer(variables);
  expect(container).toMatchObject({ isMultiModel: true, modelFolder: "/opt/ml/model", logLevel: "debug" });
  expect(
    readMmsSettings({ properties: container.properties, flags: {}, variables, cwd: "/", machine }),
  ).toMatchObject({
    inference: { kind: "tcp", host: "0.0.0.0", port: 9191 },
    modelStore: "/opt/ml",
    workersPerModel: 1,
    responseTimeoutMs: 60_000,
    maxRequestBytes: 2 * 1024 * 1024,
    defaultHandler: "/home/model-server/model_handler.py:handle",
    decodesInput: false,
    jobQueueSize: 7,
  });
  expect(complaint(() => readSagemakerContainer({ SAGEMAKER_BIND_TO_PORT: "http" }))[0]).toBe(
    "SAGEMAKER_BIND_TO_PORT",
  );
});

test("a single-model container has a worker for each core, as MMS in it", () => {
  const { properties } = readSagemakerContainer({});
  expect(readMmsSettings({ properties, flags: {}, variables: {}, cwd: "/", machine }).workersPerModel).toBe(
    2,
  );
});
