import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { MmsRig } from "./testing/mms-rig.ts";

const exchangeSchema = z.strictObject({
  method: z.string(),
  path: z.string(),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.string().default(""),
  status: z.number(),
  phrase: z.string(),
  content_type: z.string().nullable(),
  connection: z.enum(["keep-alive", "close"]),
  answer: z.string(),
  /** More that the answer has. */
  header: z.record(z.string(), z.string()).default({}),
  differs: z.enum(["a", "c", "f"]).optional(),
});

const file = new URL("../../../conformance/mms/exchanges.json", import.meta.url);
const exchanges = z.array(exchangeSchema).parse(JSON.parse(readFileSync(file, "utf8")));

describe("Multi Model Server's answers", () => {
  const rig = new MmsRig();
  beforeAll(() => rig.start());
  afterAll(() => rig.stop());

  it.each(exchanges.map((exchange) => [`${exchange.method} ${exchange.path}`, exchange] as const))(
    "%s",
    async (_, { method, path, headers, body, header, ...expected }) => {
      const got = await rig.ask(method, path, { headers, body });
      expect(got.body).toBe(expected.answer);
      expect([got.status, got.phrase]).toEqual([expected.status, expected.phrase]);
      expect(got.headers["content-type"] ?? null).toBe(expected.content_type);
      expect(got.headers["connection"]).toBe(expected.connection);
      for (const [name, value] of Object.entries(header)) expect(got.headers[name.toLowerCase()]).toBe(value);
      expect(got.headers["x-request-id"]).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(got.headers).toMatchObject({
        pragma: "no-cache",
        "cache-control": "no-cache; no-store, must-revalidate, private",
        expires: "Thu, 01 Jan 1970 00:00:00 UTC",
        "content-length": String(Buffer.byteLength(expected.answer)),
      });
    },
  );
});
