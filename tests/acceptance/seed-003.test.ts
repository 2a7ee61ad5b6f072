import { copyFile, cp, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { Cleanup } from "../support/cleanup.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/folders.ts";
import { comparable, mlserverGoldens, readGolden } from "../support/goldens.ts";
import { startCommand, type RunningHostler } from "../support/hostler.ts";
import { postJson } from "../support/http.ts";
import { cellsOf, Notebook } from "../support/notebook.ts";
import { pathWithShims, pythonInterpreter, root, sharedPath } from "../support/paths.ts";
import { freePort, isPortFree } from "../support/ports.ts";
import { runOrFail } from "../support/run.ts";

const seed = sharedPath("seeds", "003_237e767fa41f9b7f.txt");
const agaricus = sharedPath("data", "agaricus");
const documentedUrl = "http://localhost:8080";
const dataSource = "https://raw.githubusercontent.com/dmlc/xgboost/master/demo/data";

/** Someone who follows the document: trains, writes the settings, and asks both models for a prediction. */
interface Reader {
  prepare: () => Promise<void>;
  askDigits: (url: string) => Promise<unknown>;
  askMushrooms: (url: string) => Promise<unknown>;
  stop: () => void;
}

/** Runs the document's own cells; its two downloads come from the copy beside the repository. */
async function readerOfDocument(cwd: string, document: string, data: string): Promise<Reader> {
  const files = ["agaricus.txt.train", "agaricus.txt.test"];
  const downloads = Object.fromEntries(files.map((file) => [`${dataSource}/${file}`, join(data, file)]));
  const cells = cellsOf(await readFile(document, "utf8"));
  const isRequest = (cell: string): boolean => cell.includes("requests.post(");
  const [digits = "", mushrooms = ""] = cells.filter(isRequest);
  const notebook = new Notebook({ cwd, downloads });
  return {
    prepare: async () => {
      for (const cell of cells.filter((other) => !isRequest(other))) await notebook.run(cell);
    },
    askDigits: (url) => notebook.run(digits.replace(documentedUrl, url)),
    askMushrooms: (url) => notebook.run(mushrooms.replace(documentedUrl, url)),
    stop: () => {
      notebook.stop();
    },
  };
}

/** Uses our copy of the document's steps, for where the document is not at hand. */
function readerOfExample(cwd: string): Reader {
  const ask = async (model: string, url: string): Promise<unknown> => {
    const printed = await runOrFail([pythonInterpreter(), "-B", join(cwd, "requests", "predict.py"), url]);
    const prefix = `${model}: `;
    const line = printed.split("\n").find((candidate) => candidate.startsWith(prefix)) ?? "";
    return JSON.parse(line.slice(prefix.length));
  };
  return {
    prepare: async () => {
      const filter = (path: string): boolean => !/[/\\]model\.\w+$/.test(path);
      await cp(join(root, "examples", "multi-model"), cwd, { recursive: true, filter });
      await runOrFail([pythonInterpreter(), "-B", join(cwd, "train.py")]);
    },
    askDigits: (url) => ask("mnist-svm", url),
    askMushrooms: (url) => ask("mushroom-xgboost", url),
    stop: () => undefined,
  };
}

/** Nothing where the document's ports are free, so that its own defaults are what is tested. */
async function portsIfTaken(): Promise<Record<string, string>> {
  const areFree = await Promise.all([8080, 8081, 8082].map(isPortFree));
  if (areFree.every(Boolean)) return {};
  const names = ["MLSERVER_HTTP_PORT", "MLSERVER_GRPC_PORT", "MLSERVER_METRICS_PORT"];
  const ports = await Promise.all(names.map(async (name) => [name, String(await freePort())] as const));
  return Object.fromEntries(ports);
}

/** What the real MLServer sent for this request, as the document's `response.json()` shows it. */
function expected(golden: string): string {
  return text(JSON.parse(readGolden(golden).response.body));
}

/** Key order counts; the identifier, which the server makes up, does not. */
function text(reply: unknown): string {
  const { body } = z
    .object({ body: z.string() })
    .parse(comparable({ status: 200, headers: {}, body: JSON.stringify(reply) }));
  return body;
}

const isDocument = seed !== undefined && agaricus !== undefined;

describe(`seed 003, from ${isDocument ? "the document itself" : "our copy in examples/multi-model"}`, () => {
  const cleanup = new Cleanup();
  let folder: TemporaryFolder;
  let reader: Reader;
  let server: RunningHostler;
  let url: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    cleanup.add(folder.remove);
    reader = isDocument ? await readerOfDocument(folder.path, seed, agaricus) : readerOfExample(folder.path);
    cleanup.add(reader.stop);
    await reader.prepare();
    const ports = await portsIfTaken();
    server = await startCommand({
      command: ["mlserver", "start", "."],
      cwd: folder.path,
      env: { PATH: pathWithShims(), ...ports },
    });
    cleanup.add(() => server.stop());
    url = Object.keys(ports).length === 0 ? documentedUrl : server.url;
  });

  afterAll(() => cleanup.run());

  test("training leaves both models where the settings look for them", async () => {
    for (const model of ["mnist-svm/model.joblib", "mushroom-xgboost/model.json"])
      expect((await stat(join(folder.path, "models", model))).size).toBeGreaterThan(0);
  });

  test("the digit is read as MLServer reads it", async () => {
    expect(text(await reader.askDigits(url))).toBe(expected("infer-mnist-svm"));
  });

  test("the mushroom is answered in MLServer's words by the model just trained", async () => {
    const probability = /"data":\[0\.\d+\]/;
    const reply = text(await reader.askMushrooms(url));
    expect(reply).toMatch(probability);
    expect(reply.replace(probability, "")).toBe(expected("infer-mushroom-xgboost").replace(probability, ""));
  });

  test("the mushroom is answered as by MLServer, to the last digit, from the same model file", async () => {
    const model = join(folder.path, "models", "mushroom-xgboost", "model.json");
    await copyFile(join(mlserverGoldens, "artifacts", "mushroom-xgboost.json"), model);
    const load = await postJson(server.url, "/v2/repository/models/mushroom-xgboost/load", {});
    expect(load.status).toBe(200);
    expect(text(await reader.askMushrooms(url))).toBe(expected("infer-mushroom-xgboost"));
  });

  test("ending it leaves no process behind", async () => {
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });
});
