import { readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { z } from "zod";
import { planScore, type ScoreArguments } from "../../src/cli/score/arguments.ts";
import { serverVersion } from "../../src/protocols/azmlinfsrv/index.ts";
import { type ScoreServer, startScoreServer } from "../../src/server/score/index.ts";
import { root } from "./paths.ts";

const azmlinfsrvGoldens = join(root, "conformance", "azmlinfsrv");

const serverSchema = z.strictObject({
  script: z.string(),
  environment: z.record(z.string(), z.string()).default({}),
  arguments: z.array(z.string()).default([]),
});

const caseSchema = z.strictObject({
  name: z.string(),
  server: z.string(),
  method: z.string(),
  target: z.string(),
  headers: z.record(z.string(), z.string()),
  /** Base64. */
  body: z.string(),
});

export type ScoreCase = z.infer<typeof caseSchema>;

const replySchema = z.strictObject({
  status: z.number(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  is_timed: z.boolean(),
  body: z.string(),
});

export type GoldenReply = z.infer<typeof replySchema>;

const differencesSchema = z.strictObject({
  reasons: z.record(z.string(), z.string()),
  cases: z.record(
    z.string(),
    z.strictObject({
      /** A key of `reasons`: why ours is better. */
      reason: z.string(),
      status: z.number(),
      /** Our exact body, as text; left out where it is the golden's. */
      body: z.string().optional(),
      /** Or what our body must mention, where a library chooses the words. */
      mentions: z.array(z.string()).optional(),
      /** Headers that are not the golden's; null for one that is not there. */
      headers: z.record(z.string(), z.string().nullable()).default({}),
    }),
  ),
});

function read(name: string): unknown {
  return JSON.parse(readFileSync(join(azmlinfsrvGoldens, name), "utf8"));
}

export const scoreTable = z
  .strictObject({ servers: z.record(z.string(), serverSchema), cases: z.array(caseSchema) })
  .parse(read("cases.json"));

export const scoreDifferences = differencesSchema.parse(read("differences.json"));

export function goldenReplies(server: string): Readonly<Record<string, GoldenReply>> {
  return z.record(z.string(), replySchema).parse(read(`goldens/${server}.json`));
}

const nothingGiven: ScoreArguments = {
  entryScript: undefined,
  modelDir: undefined,
  port: undefined,
  healthPort: undefined,
  workerCount: undefined,
  appInsightsKey: undefined,
  corsOrigins: undefined,
  configFile: undefined,
};

export interface ScoreOptions {
  readonly script: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly given?: Partial<ScoreArguments>;
  readonly cwd?: string;
  readonly reloads?: boolean;
  readonly write?: (text: string) => void;
}

/** Serves a script on a free port of loopback, in this process. */
export async function serveScript(options: ScoreOptions): Promise<ScoreServer> {
  const { script, environment = {}, given = {}, cwd = azmlinfsrvGoldens, reloads = false, write } = options;
  const { PATH = "", HOME = "" } = process.env;
  const plan = planScore(
    { ...nothingGiven, entryScript: script, ...given },
    { PATH, HOME, ...environment },
    { cwd, serverVersion },
  );
  return await startScoreServer({
    interpreter: join(root, ".venv", "bin", "python"),
    appRoot: plan.appRoot,
    folder: cwd,
    entryScript: plan.entryScript,
    workers: plan.workers,
    variables: plan.variables,
    host: "127.0.0.1",
    port: 0,
    healthPort: null,
    serverVersion: plan.serverVersion,
    reloads,
    maxBodyBytes: 1 << 20,
    write: write ?? (() => undefined),
  });
}

export interface RawReply {
  readonly status: number;
  /** Names in small letters, as often as they came. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  /** As they came. */
  readonly pieces: readonly Buffer[];
}

/** Sends a request with these headers and no others. */
export function sendTo(
  { port }: ScoreServer,
  { method, target, headers, body }: Pick<ScoreCase, "method" | "target" | "headers" | "body">,
): Promise<RawReply> {
  const { promise, resolve, reject } = Promise.withResolvers<RawReply>();
  const bytes = Buffer.from(body, "base64");
  const length = bytes.byteLength === 0 && method !== "POST" ? {} : { "content-length": bytes.byteLength };
  const outgoing = request(
    { host: "127.0.0.1", port, method, path: target, headers: { ...headers, ...length }, agent: false },
    (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on("data", (piece: Buffer) => pieces.push(piece));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const { rawHeaders: raw } = incoming;
        const names = raw.filter((_, index) => index % 2 === 0);
        const pairs = names.map((name, index) => [name.toLowerCase(), raw[index * 2 + 1] ?? ""] as const);
        resolve({ status: incoming.statusCode ?? 0, headers: pairs, body: Buffer.concat(pieces), pieces });
      });
    },
  );
  outgoing.on("error", reject);
  outgoing.end(bytes);
  return promise;
}
