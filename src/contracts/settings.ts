import { z } from "zod";

/** How requests without a version are answered: by the newest in natural order, or by what MLServer would take. */
export const versionPolicies = ["natural", "mlserver"] as const;

const logLevels = ["debug", "info", "warn", "error"] as const;

/** "auto": pretty on a terminal, JSON elsewhere. */
const logFormats = ["auto", "json", "pretty"] as const;

/** Which requests the access log tells of: failures and a sample of the rest, all, or none. */
const accessLogs = ["sampled", "all", "off"] as const;

const texts = z.array(z.string()).readonly();

/** Cross-origin requests, with MLServer's fields. */
const corsSettingsSchema = z
  .strictObject({
    allowOrigins: texts,
    allowOriginRegex: z.string().nullable(),
    allowCredentials: z.boolean(),
    allowMethods: texts,
    allowHeaders: texts,
    exposeHeaders: texts,
    maxAgeS: z.int().min(0),
  })
  .readonly();

export type CorsSettings = z.infer<typeof corsSettingsSchema>;

const port = z.int().min(0).max(65_535);
const count = z.int().min(1);

/**
 * Every setting of a server, resolved: no value is optional, and null means "none", never "not said".
 * Where each comes from (flag, variable, file) is in `settings-sources.ts`.
 */
export const serverSettingsSchema = z
  .strictObject({
    host: z.string().min(1),
    /** 0 takes any free port. */
    httpPort: port,
    metricsPort: port,
    /** Null: no metrics listener. */
    metricsEndpoint: z.string().startsWith("/").nullable(),
    /** Begins the names of MLServer's REST metrics. */
    metricsRestServerPrefix: z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/),
    /** In `/v2` and in the `ce-*` reply headers. */
    serverName: z.string(),
    serverVersion: z.string(),
    extensions: texts,
    /** Path that a proxy in front serves this server under; empty for none. */
    rootPath: z.string().regex(/^(?:\/.*)?$/),
    gzipEnabled: z.boolean(),
    cors: corsSettingsSchema.nullable(),

    insecureNoAuth: z.boolean(),
    /** SHA-256 of each key that is let in, in lower-case hexadecimal; empty: no key is asked for. */
    apiKeySha256: z.array(z.string().regex(/^[0-9a-f]{64}$/)).readonly(),
    /** Absolute paths of folders, besides the served one, that models may be loaded from. */
    trustedFolders: texts,

    /** False: start empty; models come through the load API. */
    loadModelsAtStartup: z.boolean(),
    /** Load a model when its first request comes. */
    lazy: z.boolean(),
    /** A model that cannot be served ends the start. */
    strict: z.boolean(),
    versionPolicy: z.enum(versionPolicies),
    /** `name` or `name@version` of models that are never evicted. */
    pinnedModels: texts,
    /** Private bytes that the whole process tree may hold; null for no limit. */
    memoryBudgetBytes: count.nullable(),

    /** Interpreter for models that name none; null: `python3` on the PATH. */
    python: z.string().min(1).nullable(),
    /** Most workers that one Python environment may have. */
    workers: count,

    maxBodyBytes: count,
    requestTimeoutMs: count,
    /** Calls that may wait for one model. */
    queueLimit: count,
    /** How long a stop waits for calls in flight. */
    drainTimeoutMs: z.int().min(0),

    debug: z.boolean(),
    logLevel: z.enum(logLevels),
    logFormat: z.enum(logFormats),
    accessLog: z.enum(accessLogs),
  })
  .readonly();

export type ServerSettings = z.infer<typeof serverSettingsSchema>;

export type SettingName = keyof ServerSettings;

export const settingNames: readonly SettingName[] = serverSettingsSchema.unwrap().keyof().options;

/** Where each setting's value came from, as `settings.json:3:16`, `flag --http-port` or `default`. */
export const settingOriginsSchema = z.record(serverSettingsSchema.unwrap().keyof(), z.string()).readonly();

export type SettingOrigins = z.infer<typeof settingOriginsSchema>;
