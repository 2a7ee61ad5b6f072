import type { ServerSettings, SettingName } from "./settings.ts";

/** What the text of a setting must look like, in words that follow "expected". */
export const settingKinds = {
  boolean: "true or false",
  port: "a port number from 0 to 65535",
  count: "a whole number from 1 up",
  bytes: "a size in bytes, or with a unit, as 512MiB or 2GB",
  duration: "a time in seconds, or with a unit, as 500ms, 20s or 5m",
  text: "a string",
  choice: "one of the known words",
  list: "a list of strings",
  keys: "keys",
  object: "an object",
} as const;

type SettingKind = keyof typeof settingKinds;

/** Where one setting can come from. Options of the command line and the settings reference are made from it. */
export interface SettingSource {
  readonly kind: SettingKind;
  /** Spelt as in `--help`; null where there is none. */
  readonly flag: string | null;
  readonly variable: `HOSTLER_${string}` | null;
  /** Key in `settings.json`; null where a file must not decide it. */
  readonly fileKey: string | null;
  /** MLServer's variable for it. */
  readonly mlserverVariable: `MLSERVER_${string}` | null;
  /** Words that a choice knows. */
  readonly options?: readonly string[];
  /** In place of the kind's words, where the setting is more particular. */
  readonly expects?: string;
  readonly help: string;
}

type KindOf<Value> = Value extends boolean
  ? "boolean"
  : Value extends number
    ? "port" | "count" | "bytes" | "duration"
    : Value extends string
      ? string extends Value
        ? "text"
        : "choice"
      : Value extends readonly string[]
        ? "list"
        : "object";

/** Every setting has an entry: one that is added to the schema does not compile until its sources are decided. */
type SettingsSources = {
  readonly [Name in SettingName]: SettingSource & {
    readonly kind: Name extends "apiKeySha256" ? "keys" : KindOf<NonNullable<ServerSettings[Name]>>;
    /** Its value where no source has one, or in words how that is found. */
    readonly fallback: { readonly value: ServerSettings[Name] } | { readonly found: string };
    readonly options?: readonly ServerSettings[Name][];
  };
};
export const settingsSources: SettingsSources = {
  host: {
    kind: "text",
    flag: "--host <address>",
    variable: "HOSTLER_HOST",
    fileKey: "host",
    mlserverVariable: "MLSERVER_HOST",
    fallback: { value: "127.0.0.1" },
    help: "Address to listen on. Outside loopback the server asks for keys.",
  },
  httpPort: {
    kind: "port",
    flag: "--port, --http-port <port>",
    variable: "HOSTLER_HTTP_PORT",
    fileKey: "http_port",
    mlserverVariable: "MLSERVER_HTTP_PORT",
    fallback: { value: 8080 },
    help: "Port of the V2 REST interface; 0 takes any free one.",
  },
  metricsPort: {
    kind: "port",
    flag: "--metrics-port <port>",
    variable: "HOSTLER_METRICS_PORT",
    fileKey: "metrics_port",
    mlserverVariable: "MLSERVER_METRICS_PORT",
    fallback: { value: 8082 },
    help: "Port of the Prometheus metrics.",
  },
  metricsEndpoint: {
    kind: "text",
    flag: "--metrics-endpoint <path>",
    variable: "HOSTLER_METRICS_ENDPOINT",
    fileKey: "metrics_endpoint",
    mlserverVariable: "MLSERVER_METRICS_ENDPOINT",
    expects: 'a path that begins with "/", or nothing for no metrics',
    fallback: { value: "/metrics" },
    help: "Path of the metrics; empty (null in a file) serves none.",
  },
  metricsRestServerPrefix: {
    kind: "text",
    flag: null,
    variable: "HOSTLER_METRICS_REST_SERVER_PREFIX",
    fileKey: "metrics_rest_server_prefix",
    mlserverVariable: "MLSERVER_METRICS_REST_SERVER_PREFIX",
    expects: "a metric name: letters, digits and underscores, not beginning with a digit",
    fallback: { value: "rest_server" },
    help: "First part of the names of the REST metrics.",
  },
  serverName: {
    kind: "text",
    flag: "--server-name <name>",
    variable: "HOSTLER_SERVER_NAME",
    fileKey: "server_name",
    mlserverVariable: "MLSERVER_SERVER_NAME",
    fallback: { value: "mlserver" },
    help: "Name in /v2 and in the ce-* reply headers; MLServer's clients expect its own.",
  },
  serverVersion: {
    kind: "text",
    flag: null,
    variable: "HOSTLER_SERVER_VERSION",
    fileKey: "server_version",
    mlserverVariable: "MLSERVER_SERVER_VERSION",
    fallback: { found: "the version of hostler" },
    help: "Version in /v2.",
  },
  extensions: {
    kind: "list",
    flag: null,
    variable: "HOSTLER_EXTENSIONS",
    fileKey: "extensions",
    mlserverVariable: "MLSERVER_EXTENSIONS",
    fallback: { value: [] },
    help: "Extensions named in /v2.",
  },
  rootPath: {
    kind: "text",
    flag: "--root-path <path>",
    variable: "HOSTLER_ROOT_PATH",
    fileKey: "root_path",
    mlserverVariable: "MLSERVER_ROOT_PATH",
    expects: 'nothing, or a path that begins with "/"',
    fallback: { value: "" },
    help: "Path that a proxy in front serves this server under.",
  },
  gzipEnabled: {
    kind: "boolean",
    flag: "--no-gzip",
    variable: "HOSTLER_GZIP_ENABLED",
    fileKey: "gzip_enabled",
    mlserverVariable: "MLSERVER_GZIP_ENABLED",
    fallback: { value: true },
    help: "Whether replies are compressed for clients that accept it.",
  },
  cors: {
    kind: "object",
    flag: null,
    variable: null,
    fileKey: "cors_settings",
    mlserverVariable: "MLSERVER_CORS_SETTINGS",
    expects:
      "an object with allow_origins, allow_origin_regex, allow_credentials, allow_methods, allow_headers, expose_headers, max_age",
    fallback: { value: null },
    help: "Cross-origin requests that browsers may make; none without it.",
  },
  insecureNoAuth: {
    kind: "boolean",
    flag: "--insecure-no-auth",
    variable: "HOSTLER_INSECURE_NO_AUTH",
    fileKey: null,
    mlserverVariable: null,
    fallback: { value: false },
    help: "Serve outside loopback without keys: whoever reaches the port may use every model.",
  },
  apiKeySha256: {
    kind: "keys",
    flag: "--api-key-file <file>",
    variable: "HOSTLER_API_KEY",
    fileKey: null,
    mlserverVariable: null,
    fallback: { value: [] },
    help: "Keys that clients must send: a file with one a line (or sha256:<hex>); the variable holds the keys themselves, separated by commas.",
  },
  trustedFolders: {
    kind: "list",
    flag: "--trust <folder...>",
    variable: "HOSTLER_TRUST",
    fileKey: null,
    mlserverVariable: null,
    fallback: { value: [] },
    help: "Further folders that models may be loaded from: loading a pickle runs the code in it.",
  },
  loadModelsAtStartup: {
    kind: "boolean",
    flag: "--no-load-models-at-startup",
    variable: "HOSTLER_LOAD_MODELS_AT_STARTUP",
    fileKey: "load_models_at_startup",
    mlserverVariable: "MLSERVER_LOAD_MODELS_AT_STARTUP",
    fallback: { value: true },
    help: "Whether the models of the folder are served from the start; if not, they come through the load API.",
  },
  lazy: {
    kind: "boolean",
    flag: "--lazy",
    variable: "HOSTLER_LAZY",
    fileKey: "lazy",
    mlserverVariable: null,
    fallback: { value: false },
    help: "Load each model when its first request comes.",
  },
  strict: {
    kind: "boolean",
    flag: "--strict",
    variable: "HOSTLER_STRICT",
    fileKey: "strict",
    mlserverVariable: null,
    fallback: { value: false },
    help: "End with exit code 1 if any model cannot be served, instead of serving the rest.",
  },
  versionPolicy: {
    kind: "choice",
    options: ["natural", "mlserver"],
    flag: "--version-policy <policy>",
    variable: "HOSTLER_VERSION_POLICY",
    fileKey: "version_policy",
    mlserverVariable: null,
    fallback: { value: "natural" },
    help: "Version that answers requests without one: the newest in natural order (v10 after v9), or what MLServer would take.",
  },
  pinnedModels: {
    kind: "list",
    flag: "--pin <model...>",
    variable: "HOSTLER_PIN",
    fileKey: "pinned_models",
    mlserverVariable: null,
    fallback: { value: [] },
    help: "Models, as name or name@version, that are never evicted.",
  },
  memoryBudgetBytes: {
    kind: "bytes",
    flag: "--memory-budget <size>",
    variable: "HOSTLER_MEMORY_BUDGET",
    fileKey: "memory_budget",
    mlserverVariable: null,
    fallback: { value: null },
    help: "Memory that the server and its workers may hold together; the least recently used models make room.",
  },
  python: {
    kind: "text",
    flag: "--python <interpreter>",
    variable: "HOSTLER_PYTHON",
    fileKey: null,
    mlserverVariable: null,
    fallback: { value: null },
    help: "Python that runs models which name none; python3 on the PATH without it.",
  },
  workers: {
    kind: "count",
    flag: "--workers <number>",
    variable: "HOSTLER_WORKERS",
    fileKey: "parallel_workers",
    mlserverVariable: "MLSERVER_PARALLEL_WORKERS",
    fallback: { found: "one fewer than the processors, at least 1" },
    help: "Most worker processes of one Python environment; more than one are started only under load.",
  },
  maxBodyBytes: {
    kind: "bytes",
    flag: "--max-body <size>",
    variable: "HOSTLER_MAX_BODY",
    fileKey: "max_body",
    mlserverVariable: null,
    fallback: { value: 64 * 1024 * 1024 },
    help: "Largest request body, after decompression.",
  },
  requestTimeoutMs: {
    kind: "duration",
    flag: "--request-timeout <time>",
    variable: "HOSTLER_REQUEST_TIMEOUT",
    fileKey: "request_timeout",
    mlserverVariable: null,
    fallback: { value: 60_000 },
    help: "Time in which a prediction must be answered.",
  },
  queueLimit: {
    kind: "count",
    flag: "--queue-limit <number>",
    variable: "HOSTLER_QUEUE_LIMIT",
    fileKey: "queue_limit",
    mlserverVariable: null,
    fallback: { value: 1024 },
    help: "Calls that may wait for one model before more are refused.",
  },
  drainTimeoutMs: {
    kind: "duration",
    flag: "--drain-timeout <time>",
    variable: "HOSTLER_DRAIN_TIMEOUT",
    fileKey: "parallel_workers_timeout",
    mlserverVariable: "MLSERVER_PARALLEL_WORKERS_TIMEOUT",
    fallback: { value: 20_000 },
    help: "Time that a stop gives to requests in flight.",
  },
  debug: {
    kind: "boolean",
    flag: "--debug",
    variable: "HOSTLER_DEBUG",
    fileKey: "debug",
    mlserverVariable: "MLSERVER_DEBUG",
    fallback: { value: false },
    help: "Log level debug, unless that is set itself.",
  },
  logLevel: {
    kind: "choice",
    options: ["debug", "info", "warn", "error"],
    flag: "--log-level <level>",
    variable: "HOSTLER_LOG_LEVEL",
    fileKey: "log_level",
    mlserverVariable: null,
    fallback: { value: "info" },
    help: "Least important log lines that are written.",
  },
  logFormat: {
    kind: "choice",
    options: ["auto", "json", "pretty"],
    flag: "--log-format <format>",
    variable: "HOSTLER_LOG_FORMAT",
    fileKey: "log_format",
    mlserverVariable: null,
    fallback: { value: "auto" },
    help: "JSON lines, lines for people, or (auto) whichever suits where they go.",
  },
  accessLog: {
    kind: "choice",
    options: ["sampled", "all", "off"],
    flag: "--access-log <which>",
    variable: "HOSTLER_ACCESS_LOG",
    fileKey: "access_log",
    mlserverVariable: null,
    fallback: { value: "sampled" },
    help: "Requests that are logged: failures and a sample of the rest, all, or none.",
  },
};
