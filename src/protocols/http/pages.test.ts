import { createHash } from "node:crypto";
import { fastify, type FastifyInstance } from "fastify";
import { beforeEach, describe, expect, it } from "vitest";
import { type Overview, overviewSchema, type WireModel } from "../../contracts/snapshot.ts";
import { registerPages } from "./pages.ts";

const digits: WireModel = {
  name: "digits",
  version: "v1",
  runtime: "sklearn",
  framework: "scikit-learn 1.9.1",
  state: "ready",
  is_default: true,
  pinned: true,
  memory_bytes: 3 * 2 ** 20,
  load_ms: 14.2,
  inputs: null,
  outputs: ["predict"],
  reason: null,
  hint: null,
};
const nasty = `<script>alert("x")</script>\u001b[2J`;
const failed: WireModel = {
  ...digits,
  name: "broken",
  version: null,
  framework: null,
  state: "failed",
  memory_bytes: null,
  load_ms: null,
  reason: nasty,
};

let overview: Overview;
let app: FastifyInstance;

beforeEach(() => {
  overview = {
    server: {
      name: "hostler",
      version: "1.2.3",
      url: "http://127.0.0.1:8080",
      metrics_url: "http://127.0.0.1:8082/metrics",
    },
    models: [digits, failed],
    problems: [
      { name: nasty, where: "models/x/model-settings.json:3:5", reason: nasty, hint: "Write it so." },
    ],
  };
  app = fastify();
  registerPages(app, { overview: () => overview });
});

async function get(url: string, headers: Readonly<Record<string, string>> = {}) {
  return app.inject({ method: "GET", url, headers });
}

describe("GET / for a browser", () => {
  const accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

  it("shows every model, its state and where to read on", async () => {
    const { statusCode, headers, body } = await get("/", { accept });
    expect(statusCode).toBe(200);
    expect(headers["content-type"]).toBe("text/html; charset=utf-8");
    for (const part of [
      "digits",
      "v1",
      "scikit-learn 1.9.1",
      "3.0 MiB",
      "14 ms",
      "pinned",
      "1 ready, 1 failed",
    ]) {
      expect(body).toContain(part);
    }
    expect(body).toContain('href="./v2/models/digits/versions/v1/docs"');
    expect(body).toContain('href="./v2/models/broken"');
    expect(body).toContain("models/x/model-settings.json:3:5");
    expect(body).toContain("Write it so.");
  });

  it("escapes what models and their files say", async () => {
    const { body } = await get("/", { accept });
    expect(body).not.toContain("<script");
    expect(body).toContain("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;");
  });

  it("brings all it needs and may do nothing else", async () => {
    const { headers, body } = await get("/", { accept });
    const [, style = ""] = /<style>(.*)<\/style>/s.exec(body) ?? [];
    const hash = createHash("sha256").update(style).digest("base64");
    expect(headers["content-security-policy"]).toContain(`style-src 'sha256-${hash}'`);
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    expect(body).not.toMatch(/\bstyle="|\bon\w+="|<script|src=/);
    expect(body.replaceAll(/href="(?:data:,|http:\/\/127\.0\.0\.1:8082\/metrics)"/g, "")).not.toContain(
      "http",
    );
  });

  it("says what to do where there is nothing", async () => {
    overview = { ...overview, models: [], problems: [] };
    expect((await get("/", { accept })).body).toContain("No models yet");
  });
});

describe("GET / for programs", () => {
  it("is the overview, where JSON is asked for", async () => {
    const { headers, body } = await get("/", { accept: "application/json" });
    expect(headers["content-type"]).toBe("application/json");
    expect(headers.vary).toBe("accept");
    expect(overviewSchema.parse(JSON.parse(body))).toStrictEqual(overview);
  });

  it("is a table for curl, which asks for nothing", async () => {
    const { headers, body } = await get("/", { accept: "*/*" });
    expect(headers["content-type"]).toBe("text/plain; charset=utf-8");
    expect(body).toMatchInlineSnapshot(`
      "hostler 1.2.3

      NAME     VERSION   FRAMEWORK            STATE    MEMORY    LOAD
      digits   v1        scikit-learn 1.9.1   ready    3.0 MiB   14 ms
      broken   -         sklearn              failed   -         -       <script>alert("x")</script>�[2J

      <script>alert("x")</script>�[2J: <script>alert("x")</script>�[2J (models/x/model-settings.json:3:5)
        Write it so.

      docs     http://127.0.0.1:8080/docs
      metrics  http://127.0.0.1:8082/metrics
      "
    `);
  });
});

describe("the docs", () => {
  it("are a page with scripts and styles of this server alone", async () => {
    const { headers, body } = await get("/docs");
    expect(headers["content-security-policy"]).toContain("script-src 'self'");
    expect(headers["content-security-policy"]).not.toContain("unsafe");
    expect(body).not.toMatch(/https?:/);
    expect(body).toContain('data-document="./openapi.json"');
    expect(body).not.toMatch(/<script>(?!<)/);
  });

  it("have their scripts and styles where the page looks for them", async () => {
    const { body } = await get("/docs");
    const assets = [...body.matchAll(/(?:src|href)="\.(\/docs\/[^"]+)"/g)].map(([, path = ""]) => path);
    expect(assets).toHaveLength(3);
    for (const path of assets) {
      const { statusCode, headers, rawPayload } = await get(path);
      expect(statusCode).toBe(200);
      expect(headers["content-type"]).toMatch(path.endsWith(".css") ? /^text\/css/ : /^text\/javascript/);
      expect(rawPayload.byteLength).toBeGreaterThan(100);
    }
  });

  it("come packed to those who take it", async () => {
    const { headers, rawPayload } = await get("/docs/assets/swagger-ui.css", { "accept-encoding": "gzip" });
    expect(headers["content-encoding"]).toBe("gzip");
    expect(rawPayload.byteLength).toBeLessThan(60_000);
  });

  it("serve nothing else of that folder", async () => {
    for (const path of ["/docs/assets/index.html", "/docs/assets/..%2fpackage.json", "/docs/assets/"]) {
      expect((await get(path)).statusCode).toBe(404);
    }
  });
});
