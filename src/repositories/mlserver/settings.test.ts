import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Json } from "../../contracts/parameters.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import { settingNames } from "../../contracts/settings.ts";
import { settingsSources } from "../../contracts/settings-sources.ts";
import { type Files, folderWith } from "../testing/folder.ts";
import { Environment, type Variables } from "./environment.ts";
import type { FlagValues } from "./setting-layers.ts";
import { type ResolvedSettings, readServerSettings } from "./settings.ts";
import { unsupportedServerFields } from "./unsupported-fields.ts";

interface Situation {
  readonly files?: Files;
  readonly variables?: Variables;
  readonly flags?: FlagValues;
}

async function read({ files = {}, variables = {}, flags = {} }: Situation): Promise<ResolvedSettings> {
  const folder = await folderWith(files);
  const environment = await Environment.read(folder, variables);
  return readServerSettings({ folder: ".", flags, environment, version: "1.2.3" });
}

/** The error as it is printed. */
async function refusal(situation: Situation): Promise<string> {
  const error: unknown = await read(situation).catch((reason: unknown) => reason);
  if (!(error instanceof ServingError)) throw new Error("The settings were accepted.");
  const { where, hint } = error.details;
  return [`${error.message} [${String(where)}]`, ...(hint === undefined ? [] : [hint])].join("\n");
}

describe("readServerSettings", () => {
  it("has MLServer's defaults, except where they are unsafe", async () => {
    const { settings, origins, notices } = await read({});
    expect(settings).toMatchObject({
      host: "127.0.0.1",
      httpPort: 8080,
      metricsPort: 8082,
      metricsEndpoint: "/metrics",
      serverName: "mlserver",
      serverVersion: "1.2.3",
      debug: false,
      gzipEnabled: true,
      cors: null,
      apiKeySha256: [],
      accessLog: "sampled",
      logLevel: "info",
    });
    expect(settings.workers).toBeGreaterThan(0);
    expect(new Set(Object.values(origins))).toEqual(new Set(["default"]));
    expect(notices).toEqual([]);
  });

  it("takes flags before hostler's variables, the file, MLServer's variables and .env", async () => {
    const layers = {
      dotenv: { ".env": "MLSERVER_HTTP_PORT=5" },
      mlserver: { MLSERVER_HTTP_PORT: "4" },
      file: { "settings.json": { debug: false, http_port: 3 } },
      own: { HOSTLER_HTTP_PORT: "2" },
      flags: { httpPort: "1" },
    };
    const { dotenv, mlserver, file, own, flags } = layers;
    const outcome = async (situation: Situation): Promise<unknown> => {
      const { settings, origins } = await read(situation);
      return [settings.httpPort, origins.httpPort];
    };
    const files = { ...dotenv, ...file };
    const variables = { ...mlserver, ...own };
    expect(await outcome({ files: dotenv })).toEqual([5, "MLSERVER_HTTP_PORT in .env"]);
    expect(await outcome({ files: dotenv, variables: mlserver })).toEqual([4, "MLSERVER_HTTP_PORT"]);
    expect(await outcome({ files, variables: mlserver })).toEqual([3, "settings.json:3:16"]);
    expect(await outcome({ files, variables })).toEqual([2, "HOSTLER_HTTP_PORT"]);
    expect(await outcome({ files, variables, flags })).toEqual([1, "flag --http-port"]);
  });

  it("takes what pydantic takes", async () => {
    const { settings } = await read({
      files: {
        "settings.json": { debug: "true", http_port: "8081", gzip_enabled: 0, metrics_endpoint: null },
      },
      variables: {
        MLSERVER_EXTENSIONS: '["a"]',
        mlserver_parallel_workers: "3",
        MLSERVER_PARALLEL_WORKERS_TIMEOUT: "5",
      },
    });
    expect(settings).toMatchObject({
      debug: true,
      httpPort: 8081,
      gzipEnabled: false,
      metricsEndpoint: null,
      extensions: ["a"],
      workers: 3,
      drainTimeoutMs: 5000,
    });
  });

  it("turns MLServer's switches into settings of its own, unless those are set", async () => {
    const files = { "settings.json": { debug: "true", use_structured_logging: true } };
    const { settings, origins } = await read({ files });
    expect(settings).toMatchObject({ logLevel: "debug", accessLog: "sampled", logFormat: "json" });
    expect(origins.logLevel).toBe("settings.json:2:12");
    const flags = { logLevel: "warn", logFormat: "pretty" };
    expect((await read({ files, flags })).settings).toMatchObject(flags);
  });

  it("reads sizes, times and lists as they are typed", async () => {
    const folder = await folderWith({ "trusted/x": "" });
    const flags = {
      memoryBudgetBytes: "2GiB",
      requestTimeoutMs: "500ms",
      pinnedModels: ["a", "b@v1"],
      trustedFolders: join(folder, "trusted"),
      gzipEnabled: false,
      lazy: true,
    };
    const variables = { HOSTLER_EXTENSIONS: "x, y", HOSTLER_MAX_BODY: "1MB", HOSTLER_QUEUE_LIMIT: "" };
    expect((await read({ flags, variables })).settings).toMatchObject({
      memoryBudgetBytes: 2 * 1024 ** 3,
      requestTimeoutMs: 500,
      pinnedModels: ["a", "b@v1"],
      trustedFolders: [join(folder, "trusted")],
      gzipEnabled: false,
      lazy: true,
      extensions: ["x", "y"],
      maxBodyBytes: 1_000_000,
      queueLimit: 1024,
    });
  });

  it("fills CORS settings from variables, but only where there are some", async () => {
    const variables = { MLSERVER_ALLOW_ORIGINS: '["https://a.example"]', MLSERVER_MAX_AGE: "5" };
    expect((await read({ variables })).settings.cors).toBeNull();
    const files = {
      "settings.json": { cors_settings: { allow_methods: ["POST"], allow_origin_regex: null } },
    };
    const expected = {
      allowOrigins: ["https://a.example"],
      allowOriginRegex: null,
      allowCredentials: false,
      allowMethods: ["POST"],
      allowHeaders: [],
      exposeHeaders: [],
      maxAgeS: 5,
    };
    expect((await read({ files, variables })).settings.cors).toEqual(expected);
    const asVariable = { ...variables, MLSERVER_CORS_SETTINGS: '{"allow_methods": ["POST"]}' };
    expect((await read({ variables: asVariable })).settings.cors).toEqual(expected);
  });
});

describe("keys", () => {
  const sha256OfSecret = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

  it("come from a file, one a line, as themselves or as digests", async () => {
    const folder = await folderWith({ keys: `# ours\nsecret\n\nsha256:${"A".repeat(64)}\nsecret\n` });
    const { settings, origins } = await read({ flags: { apiKeySha256: join(folder, "keys") } });
    expect(settings.apiKeySha256).toEqual([sha256OfSecret, "a".repeat(64)]);
    expect(origins.apiKeySha256).toBe("flag --api-key-file");
  });

  it("come from a variable, separated by commas", async () => {
    const { settings } = await read({ variables: { HOSTLER_API_KEY: "other, secret" } });
    expect(settings.apiKeySha256).toHaveLength(2);
    expect(settings.apiKeySha256).toContain(sha256OfSecret);
  });

  it("must be there where they are announced", async () => {
    expect(await refusal({ variables: { HOSTLER_API_KEY: "" } })).toMatchInlineSnapshot(`
      "HOSTLER_API_KEY holds no key. [HOSTLER_API_KEY]
      Put a key in, or do not set it."
    `);
    const folder = await folderWith({ keys: "# none yet\n", odd: "sha256:abc" });
    const refused = (flag: string): Promise<string> => refusal({ flags: { apiKeySha256: flag } });
    expect((await refused(join(folder, "keys"))).replace(folder, "…")).toMatchInlineSnapshot(`
      "The key file …/keys holds no key. [flag --api-key-file]
      Put a key in, or do not set it."
    `);
    expect((await refused(join(folder, "odd"))).replace(folder, "…")).toMatchInlineSnapshot(`
      "The key file …/odd holds a digest that is none. [flag --api-key-file]
      Write 64 hexadecimal digits after sha256:."
    `);
    expect((await refused(join(folder, "no"))).replaceAll(folder, "…")).toMatchInlineSnapshot(`
      "The key file …/no does not exist. [flag --api-key-file]
      Name a file that holds one key a line."
    `);
  });
});

describe("a wrong setting", () => {
  it("is refused with where it stands, what is expected, and what came", async () => {
    const file = (settings: Json): Situation => ({ files: { "settings.json": settings } });
    const situations: readonly Situation[] = [
      file('{\n  "debug": true,\n  "http_port": "x"\n}'),
      file({ server_name: 5 }),
      file({ http_port: null }),
      file({ request_timeout: "soon" }),
      file({ metrics_endpoint: "metrics" }),
      file({ cors_settings: { allow_origins: "*" } }),
      file({ cors_settings: "*" }),
      file({ use_structured_logging: "maybe" }),
      file('{\n  "debug": true, // yes\n}'),
      file([]),
      { variables: { MLSERVER_HTTP_PORT: "" } },
      { variables: { MLSERVER_EXTENSIONS: "a,b" } },
      { variables: { HOSTLER_VERSION_POLICY: "newest" } },
      { flags: { httpPort: "70000" } },
      { flags: { memoryBudgetBytes: "lots" } },
      { flags: { workers: "0" } },
      { flags: { trustedFolders: ["nowhere"] } },
    ];
    const refusals: string[] = [];
    for (const situation of situations) refusals.push(await refusal(situation));
    expect(`\n${refusals.join("\n")}\n`).toMatchInlineSnapshot(`
      "
      http_port: expected a port number from 0 to 65535, got "x" [settings.json:3:16]
      server_name: expected a string, got 5 [settings.json:2:18]
      http_port: expected a port number from 0 to 65535, got null [settings.json:2:16]
      request_timeout: expected a time in seconds, or with a unit, as 500ms, 20s or 5m, got "soon" [settings.json:2:22]
      metrics_endpoint: expected a path that begins with "/", or nothing for no metrics, got "metrics" [settings.json:2:23]
      cors_settings.allow_origins: expected a list of strings or null, got "*" [settings.json:3:22]
      cors_settings: expected an object with allow_origins, allow_origin_regex, allow_credentials, allow_methods, allow_headers, expose_headers, max_age, got "*" [settings.json:2:20]
      use_structured_logging: expected true or false, got "maybe" [settings.json:2:29]
      not JSON: expected a key in double quotes, got "/" [settings.json:2:18]
      JSON has no comments: remove it.
      expected an object, got [] [settings.json:1:1]
      MLSERVER_HTTP_PORT: expected a port number from 0 to 65535, got "" [MLSERVER_HTTP_PORT]
      MLSERVER_EXTENSIONS: expected a list of strings, as JSON, got "a,b" [MLSERVER_EXTENSIONS]
      HOSTLER_VERSION_POLICY: expected "natural" or "mlserver", got "newest" [HOSTLER_VERSION_POLICY]
      --http-port: expected a port number from 0 to 65535, got "70000" [flag --http-port]
      --memory-budget: expected a size in bytes, or with a unit, as 512MiB or 2GB, got "lots" [flag --memory-budget]
      --workers: expected a whole number from 1 up, got "0" [flag --workers]
      --trust: expected folders that exist, got "nowhere" [flag --trust]
      "
    `);
  });

  it("may be the folder itself", async () => {
    const environment = new Environment(await folderWith({ file: "" }), {});
    for (const folder of ["nowhere", "file"]) {
      const request = { folder, flags: {}, environment, version: "0" };
      await expect(readServerSettings(request)).rejects.toMatchObject({
        code: "INVALID_SETTINGS",
        message: `There is no folder "${folder}".`,
        details: { where: folder, hint: "Name the folder that holds the models." },
      });
    }
  });
});

describe("notices", () => {
  it("name what is not supported, in one line, where it is set to something", async () => {
    const { notices } = await read({
      files: {
        "settings.json": {
          kafka_enabled: "true",
          grpc_port: 8081,
          cache_enabled: "false",
          parallel_workers: 0,
          tracing_server: null,
        },
      },
      variables: { MLSERVER_GRPC_PORT: "9000", MLSERVER_METRICS_DIR: "/tmp/m", MLSERVER_CACHE_SIZE: "100" },
    });
    expect(notices).toMatchInlineSnapshot(`
      [
        "Not supported, and so without effect: metrics_dir "/tmp/m" (MLSERVER_METRICS_DIR; metrics need no folder), kafka_enabled "true" (settings.json:2:20; nothing is read from Kafka), parallel_workers 0 (settings.json:5:23; models always run in worker processes: one is used).",
      ]
    `);
  });

  it("name what is not known, with what was probably meant", async () => {
    const { notices } = await read({
      files: {
        "settings.json": {
          htp_port: 1,
          colour: "red",
          $schema: "x",
          _comment: "y",
          cors_settings: { max_ages: 1 },
        },
        ".env": "HOSTLER_STRICT=1",
      },
      variables: {
        HOSTLER_MEMORY_BUGDET: "1",
        MLSERVER_HTTP_PROT: "1",
        MLSERVER_MODELS_DIR: "/mnt",
        HOSTLER_URL: "x",
      },
    });
    expect(notices).toMatchInlineSnapshot(`
      [
        "Not known, and so without effect: htp_port (settings.json:2:3; did you mean http_port?), colour (settings.json:3:3), cors_settings.max_ages (settings.json:7:5; did you mean max_age?).",
        "Variables that are not known: HOSTLER_MEMORY_BUGDET (did you mean HOSTLER_MEMORY_BUDGET?), MLSERVER_HTTP_PROT (did you mean MLSERVER_HTTP_PORT?).",
        "Read from the environment only, not from .env: HOSTLER_STRICT.",
      ]
    `);
  });

  it("cover every field that MLServer has", () => {
    const fields = [
      "debug parallel_workers parallel_workers_timeout environments_dir model_repository_implementation",
      "model_repository_implementation_args model_repository_root load_models_at_startup server_name server_version",
      "extensions host http_port root_path grpc_port grpc_max_message_length cors_settings metrics_endpoint metrics_port",
      "metrics_rest_server_prefix metrics_dir use_structured_logging logging_settings kafka_enabled kafka_servers",
      "kafka_topic_input kafka_topic_output tracing_server cache_enabled cache_size gzip_enabled",
    ].flatMap((line) => line.split(" "));
    const known = new Set([
      ...settingNames.flatMap((name) => settingsSources[name].fileKey ?? []),
      ...Object.keys(unsupportedServerFields),
      "use_structured_logging",
    ]);
    expect(fields.filter((field) => !known.has(field))).toEqual([]);
  });
});
