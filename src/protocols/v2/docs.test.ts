import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fastify, type FastifyInstance } from "fastify";
import { afterEach, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { ServingError } from "../../contracts/serving-error.ts";
import { ModelVersion } from "../../core/models/model-version.ts";
import { ModelRegistry } from "../../core/models/registry.ts";
import { ModelQueue } from "../../core/scheduling/model-queue.ts";
import { FakeRuntime } from "../../core/testing/fake-runtime.ts";
import { specOf } from "../../core/testing/specs.ts";
import { VirtualClock } from "../../core/testing/virtual-clock.ts";
import { registerV2Docs } from "./docs.ts";
import { statusOf } from "../http/errors.ts";

const clock = new VirtualClock();
const inputs = [{ name: "x|`<b>", datatype: "FP32", shape: [-1, 3] }] as const;

let folder: string;
let registry: ModelRegistry;
let app: FastifyInstance;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hostler-docs-"));
  registry = new ModelRegistry("natural");
  app = fastify();
  app.setErrorHandler((error, _request, reply) =>
    reply.code(statusOf[ServingError.from(error).code]).send("{}"),
  );
  registerV2Docs(app, { engine: { registry }, serverVersion: "1.2.3" });
  await load("digits@v1");
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function load(label: string): Promise<void> {
  const runtime = new FakeRuntime({ clock, about: () => ({ description: { inputs } }) });
  const queue = new ModelQueue({ clock, label, queueLimit: 1, onBatch: () => undefined });
  const version = new ModelVersion(specOf(label, { folder }), queue);
  version.beginLoad();
  version.finishLoad(await clock.until(runtime.load(version.spec)));
  registry.put(version);
}

const body = z.object({
  info: z.object({ title: z.string(), description: z.string() }),
  servers: z.array(z.object({ url: z.string() })),
  paths: z.record(z.string(), z.object({ post: z.looseObject({}).optional() })),
});

async function documentAt(url: string): Promise<z.infer<typeof body>> {
  const { statusCode, headers, body: text } = await app.inject({ method: "GET", url });
  expect(statusCode).toBe(200);
  expect(headers["content-type"]).toBe("application/json");
  return body.parse(JSON.parse(text));
}

it.each([
  ["/openapi.json", "Data Plane"],
  ["/v2/docs/dataplane.json", "Data Plane"],
  ["/v2/models/digits/docs/dataplane.json", "Data Plane for Model digits (v1)"],
  ["/v2/models/digits/versions/v1/docs/dataplane.json", "Data Plane for Model digits (v1)"],
])("%s is a document whose server is this one", async (url, title) => {
  const { info, servers } = await documentAt(url);
  expect(info.title).toBe(title);
  expect(new URL(servers[0]?.url ?? "", `http://host/below${url}`).href.replace(/\/$/, "")).toBe(
    "http://host/below",
  );
});

it.each([
  ["/v2/docs", "v2/docs/dataplane.json"],
  ["/v2/models/digits/docs", "v2/models/digits/docs/dataplane.json"],
  ["/v2/models/digits/versions/v1/docs", "v2/models/digits/versions/v1/docs/dataplane.json"],
])("%s is a page that shows its document", async (url, document) => {
  const { headers, body: page } = await app.inject({ method: "GET", url });
  expect(headers["content-type"]).toBe("text/html; charset=utf-8");
  const [, shown = ""] = /data-document="([^"]+)"/.exec(page) ?? [];
  expect(new URL(shown, `http://host${url}`).pathname).toBe(`/${document}`);
  expect((await app.inject({ method: "GET", url: `/${document}` })).statusCode).toBe(200);
});

it.each(["/v2/models/nope/docs", "/v2/models/nope/docs/dataplane.json", "/v2/models/digits/versions/9/docs"])(
  "%s is not found",
  async (url) => {
    expect((await app.inject({ method: "GET", url })).statusCode).toBe(404);
  },
);

const exampleOf = async (): Promise<string> =>
  JSON.stringify(
    (await documentAt("/v2/models/digits/docs/dataplane.json")).paths["/v2/models/digits/infer"]?.post,
  );

it("shows a row in the shape that the model takes", async () => {
  expect(await exampleOf()).toContain('"shape":[1,3],"datatype":"FP32","data":[0,0,0]');
});

it("prefers the sample that lies beside the model", async () => {
  await writeFile(join(folder, "sample_input.json"), '{"inputs":[{"name":"mine"}]}');
  expect(await exampleOf()).toContain('"value":{"inputs":[{"name":"mine"}]}');
});

it.each(["[1,2]", "not json", '{"inputs":"x"}', `{"inputs":["${"x".repeat(100_000)}"]}`])(
  "takes no harm from a sample that is none",
  async (sample) => {
    await writeFile(join(folder, "sample_input.json"), sample);
    expect(await exampleOf()).toContain('"shape":[1,3]');
  },
);

it("says what the model takes, and lets no name become markup", async () => {
  const { info } = await documentAt("/v2/models/digits/docs/dataplane.json");
  expect(info.description).toContain("| `x  <b>` | FP32 | `[-1, 3]` |");
  expect(info.description).toContain("Outputs: `predict`");
});

it("shows the form of a request where nothing is known of the model", async () => {
  const queue = new ModelQueue({ clock, label: "late", queueLimit: 1, onBatch: () => undefined });
  registry.put(new ModelVersion(specOf("late", { folder }), queue));
  const { paths, info } = await documentAt("/v2/models/late/docs/dataplane.json");
  expect(JSON.stringify(paths["/v2/models/late/infer"]?.post)).toContain('"name":"input-0"');
  expect(info.description).toContain("once it is loaded");
});
