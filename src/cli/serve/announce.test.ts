import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { LogFields, Logger, LogLevel } from "../../core/ports/logger.ts";
import { keptContext, type KeptContext } from "../testing/run-cli.ts";
import { modelSnapshot } from "../testing/snapshots.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { type Announced, tellOfModels, tellOfStart } from "./announce.ts";
import { standInNotices } from "./stand-in.ts";

type Logged = readonly [level: LogLevel, message: string, fields: LogFields];

interface Told extends KeptContext {
  readonly logged: readonly Logged[];
}

const problem = { name: "odd", where: "/here/models/odd/model-settings.json:2:3", reason: "not JSON" };
const models = [modelSnapshot({ name: "asleep", state: "registered" }), modelSnapshot()];

/** Tells a whole start to streams of which some are terminals. */
async function tell(
  ttys: readonly ("out" | "err")[],
  server: Partial<Announced> = {},
  folder = "/none",
): Promise<Told> {
  const context = keptContext({ ttys, cwd: "/here" });
  const logged: Logged[] = [];
  const keep =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      logged.push([level, message, fields]);
    };
  const logger: Logger = {
    debug: keep("debug"),
    info: keep("info"),
    warn: keep("warn"),
    error: keep("error"),
  };
  const announced: Announced = {
    url: "http://0.0.0.0:8080",
    metricsUrl: "http://0.0.0.0:8082/metrics",
    notices: ["warm_workers has no effect."],
    problems: [problem],
    needsKey: false,
    logger,
    ...server,
  };
  tellOfStart(announced, context);
  await tellOfModels(announced, { models, elapsedMs: 900, folder }, context);
  return { ...context, logged };
}

test("at a terminal the banner tells everything, and the log repeats none of it", async () => {
  const { out, err, logged } = await tell(["out", "err"]);
  expect(logged).toEqual([]);
  expect(out.kept).toBe("");
  expect(err.kept).toContain("  REST      http://127.0.0.1:8080\n");
  expect(err.kept).toContain("! warm_workers has no effect.\n");
  expect(err.kept).toMatch(/\nmnist-svm +v0\.1\.0 +sklearn +ready/);
  expect(err.kept).toContain("✗ odd: models/odd/model-settings.json:2:3: not JSON\n");
  expect(err.kept).toContain("curl -s http://127.0.0.1:8080/v2/models/mnist-svm/infer ");
});

test("without one the log tells it, and people still get the line that proves it", async () => {
  const { out, err, logged } = await tell([]);
  expect(out.kept).toBe("");
  expect(err.kept).toMatch(/^Ready after 900 ms: .*\n\n {2}curl -s http:.*\n\n$/);
  expect(logged).toEqual([
    ["info", "listening", { url: "http://0.0.0.0:8080", metrics_url: "http://0.0.0.0:8082/metrics" }],
    ["warn", "notice", { notice: "warm_workers has no effect." }],
    [
      "error",
      "model cannot be served",
      { model: "odd", where: problem.where, reason: "not JSON", hint: undefined },
    ],
    ["info", "ready", { url: "http://0.0.0.0:8080", models: ["mnist-svm@v0.1.0"], failed: 1, ready_ms: 900 }],
  ]);
});

test("a log that goes to a file leaves the banner at the terminal", async () => {
  const { err, logged } = await tell(["err"]);
  expect(err.kept).toContain("NAME");
  expect(logged).toHaveLength(4);
});

test("the line asks a ready model before one that would have to be loaded, with a real sample if there is one", async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "models", "mnist-svm"), { recursive: true });
  await writeFile(join(folder.path, "models", "mnist-svm", "sample_input.json"), '{"inputs": [1]}');
  const { err } = await tell([], { needsKey: true }, folder.path);
  expect(err.kept).toContain(
    `/mnist-svm/infer -H 'content-type: application/json' -H "authorization: Bearer $HOSTLER_API_KEY" -d '{"inputs":[1]}'`,
  );
});

test("who typed mlserver is told where it does not listen, unless they chose", () => {
  expect(standInNotices("mlserver", { host: "127.0.0.1", origin: "default" })).toEqual([
    expect.stringContaining("listens on 127.0.0.1 only, not on 0.0.0.0"),
  ]);
  expect(standInNotices("mlserver", { host: "127.0.0.1", origin: "settings.json:2:3" })).toEqual([]);
  expect(standInNotices(undefined, { host: "127.0.0.1", origin: "default" })).toEqual([]);
});
