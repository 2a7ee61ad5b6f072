import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { HttpReply } from "./http.ts";
import { root } from "./paths.ts";

export const mlserverGoldens = join(root, "conformance", "v2", "mlserver");

const requestSchema = z.strictObject({
  method: z.string(),
  path: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string().nullable(),
});

const goldenSchema = z.strictObject({
  name: z.string(),
  request: requestSchema,
  before: z.array(requestSchema).default([]),
  after: z.array(requestSchema).default([]),
  response: z.strictObject({
    status: z.number(),
    headers: z.record(z.string(), z.string()),
    body: z.string(),
  }),
});

/** A request, and what MLServer answered; `before` and `after` bring a server into its state and back. */
export type Golden = z.infer<typeof goldenSchema>;

const differencesSchema = z.strictObject({
  reasons: z.record(z.string(), z.string()),
  cases: z.record(
    z.string(),
    z.strictObject({
      /** A key of `reasons`: why ours is better. */
      reason: z.string(),
      status: z.number(),
      /** Our exact body; `<uuid>` stands for an identifier that the server makes up. */
      body: z.string().optional(),
      /** Or what our `{"error": …}` must mention. */
      error: z.array(z.string()).optional(),
    }),
  ),
});

/** Where hostler answers otherwise than MLServer, on purpose. */
export type Differences = z.infer<typeof differencesSchema>;

export function readGoldens(): Golden[] {
  const folder = join(mlserverGoldens, "goldens");
  return readdirSync(folder)
    .sort()
    .map((file) => goldenSchema.parse(JSON.parse(readFileSync(join(folder, file), "utf8"))));
}

export function readGolden(name: string): Golden {
  const file = join(mlserverGoldens, "goldens", `${name}.json`);
  return goldenSchema.parse(JSON.parse(readFileSync(file, "utf8")));
}

export function readDifferences(): Differences {
  return differencesSchema.parse(JSON.parse(readFileSync(join(mlserverGoldens, "differences.json"), "utf8")));
}

const madeUpId = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;

/** A reply without what may differ between two correct servers: identifiers made up, the order of an index. */
export function comparable(reply: Pick<HttpReply, "status" | "headers" | "body">): object {
  return {
    status: reply.status,
    headers: Object.fromEntries(Object.entries(reply.headers).filter(isKept).map(withoutId).sort()),
    body: sortedIndex(reply.body.replaceAll(madeUpId, "<uuid>")),
  };
}

function isKept([name]: [string, unknown]): boolean {
  return name === "content-type" || name === "allow" || name.startsWith("ce-");
}

function withoutId([name, value]: [string, unknown]): [string, string] {
  return [name, String(value).replaceAll(madeUpId, "<uuid>")];
}

/** An index is the one reply that is an array; its order is that of the file system. */
function sortedIndex(body: string): string {
  if (!body.startsWith("[")) return body;
  const entries = z.array(z.unknown()).parse(JSON.parse(body));
  return entries
    .map((entry) => JSON.stringify(entry))
    .sort()
    .join("\n");
}
