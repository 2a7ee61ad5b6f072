import { randomBytes } from "node:crypto";
import { readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Json } from "../../contracts/parameters.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import { type Files, folderWith } from "../testing/folder.ts";
import { ArchiveStore } from "./archive-store.ts";
import { writeArchive } from "./archive-writer.ts";
import { MarArchives, type MarArchivesOptions } from "./model-archives.ts";
import { makeTar, makeZip } from "./testing/archives.ts";

interface Rig {
  readonly store: string;
  readonly archives: MarArchives;
}

async function rigWith(files: Files, options: Partial<MarArchivesOptions> = {}): Promise<Rig> {
  const store = await folderWith(files);
  const unpacked = new ArchiveStore(await folderWith({}));
  onTestFinished(() => unpacked.stop());
  return { store, archives: new MarArchives({ store: unpacked, modelStore: store, ...options }) };
}

async function refusal(resolving: Promise<unknown>): Promise<readonly [string, string]> {
  const error = await resolving.then(
    () => new Error("It was found."),
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(ServingError);
  const { code, message } = ServingError.from(error);
  return [code, message];
}

const manifest = {
  runtime: "python",
  model: { modelName: "noop", modelVersion: "1.0", handler: "service.py:handle" },
  engine: { engineName: "MXNet" },
  userData: { anything: [1, 2] },
};

test("where the model store lies is told to nobody", async () => {
  const { store, archives } = await rigWith({});
  for (const url of ["x".repeat(300), "a\0b"]) {
    const [code, message] = await refusal(archives.resolve(url));
    expect(code).toBe("INVALID_DOCUMENT");
    expect(message).not.toContain(store);
  }
});

test("an archive that is broken in the middle leaves no file open", async () => {
  const content = randomBytes(3_000_000);
  const { store, archives } = await rigWith({});
  const path = join(store, "broken.tar.gz");
  await makeTar(path, [{ name: "weights", content }]);
  const bytes = await readFile(path);
  await writeFile(path, bytes.subarray(0, 2_000_000));
  const [code] = await refusal(archives.resolve("broken.tar.gz"));
  expect(code).toBe("INVALID_DOCUMENT");
  const links = await Promise.all(
    (await readdir("/proc/self/fd")).map((fd) => readlink(join("/proc/self/fd", fd)).catch(() => "")),
  );
  expect(links.filter((link) => link.includes("weights"))).toEqual([]);
});

describe("what an archive says", () => {
  test("a manifest of 1.0 is read and handed on as a whole", async () => {
    const { archives } = await rigWith({ "noop/MAR-INF/MANIFEST.json": manifest, "noop/service.py": "" });
    const model = await archives.resolve("noop");
    expect(model).toMatchObject({
      manifest,
      modelName: "noop",
      modelVersion: "1.0",
      handler: "service.py:handle",
      runtime: "python",
      engine: "MXNet",
      builtIn: null,
      settings: {},
    });
    expect(model.bytes).toBe(JSON.stringify(manifest, null, 2).length);
  });

  test.each([[""], ["inner/"]])("one of 0.x in %j is read in the form of 1.0", async (inner) => {
    const legacy: Json = {
      "Model-Archive-Version": 0.1,
      "Model-Archive-Description": "squeezenet",
      License: "Apache 2.0",
      "Model-Server": "0.1",
      Model: {
        "Model-Name": "squeezenet",
        Service: "service.py",
        Symbol: "a-symbol.json",
        Parameters: "a.params",
      },
      "Created-By": { Author: "me", "Author-Email": "me@example.com" },
    };
    const { store, archives } = await rigWith({
      [`old/${inner}MANIFEST.json`]: legacy,
      [`old/${inner}service.py`]: "",
    });
    expect(await archives.resolve("old")).toMatchObject({
      folder: join(store, "old", inner).replace(/\/$/, ""),
      modelName: "squeezenet",
      modelVersion: "snapshot",
      handler: "service.py",
      manifest: {
        description: "squeezenet",
        license: "Apache 2.0",
        publisher: { author: "me", email: "me@example.com" },
        model: { extensions: { symbolFile: "a-symbol.json", parametersFile: "a.params" } },
      },
    });
  });

  test("of a tar file in which everything is in one folder, as model-archiver packs it, is found", async () => {
    const { store, archives } = await rigWith({});
    const manifest = { runtime: "python", model: { modelName: "noop", handler: "service.py:handle" } };
    await makeTar(join(store, "noop.tar.gz"), [
      { name: "noop/service.py" },
      { name: "noop/MAR-INF/MANIFEST.json", content: JSON.stringify(manifest) },
    ]);
    const model = await archives.resolve("noop.tar.gz");
    expect(model).toMatchObject({ modelName: "noop", handler: "service.py:handle" });
    expect(await readdir(model.folder)).toContain("service.py");
  });

  test("without a manifest it says nothing, and is looked at", async () => {
    const looked: string[] = [];
    const { store, archives } = await rigWith(
      { "plain/model.bin": "x", "plain/MANIFEST.json": { not: "ours" } },
      {
        inspect: (folder) => {
          looked.push(folder);
          return Promise.resolve({ handler: "found.py:handle", builtIn: null });
        },
      },
    );
    expect(await archives.resolve("plain")).toMatchObject({
      manifest: null,
      modelName: null,
      handler: "found.py:handle",
    });
    expect(looked).toEqual([join(store, "plain")]);
  });

  test("a broken manifest says where", async () => {
    const { archives } = await rigWith({ "bad/MAR-INF/MANIFEST.json": '{\n  "model": }' });
    const caught = await archives.resolve("bad").catch((error: unknown) => error);
    const { code, details } = ServingError.from(caught);
    expect(code).toBe("INVALID_DOCUMENT");
    expect(details.where).toMatch(/MANIFEST\.json:2:12$/);
  });

  test("model-config.yaml says how it wants to run", async () => {
    const { archives } = await rigWith({
      "m/model-config.yaml":
        "minWorkers: 1\nmaxWorkers: 3\nbatchSize: 8\nmaxBatchDelay: 50\nresponseTimeout: 30\nhandler:\n  mine: true\n",
      "wrong/model-config.yaml": "minWorkers: many\n",
      "less/model-config.yaml": "minWorkers: 3\nmaxWorkers: 2\n",
    });
    expect((await archives.resolve("m")).settings).toEqual({
      minWorkers: 1,
      maxWorkers: 3,
      batchSize: 8,
      maxBatchDelayMs: 50,
      responseTimeoutMs: 30_000,
    });
    expect(await refusal(archives.resolve("wrong"))).toEqual([
      "INVALID_DOCUMENT",
      expect.stringMatching(/^minWorkers: /),
    ]);
    expect(await refusal(archives.resolve("less"))).toEqual([
      "INVALID_DOCUMENT",
      expect.stringMatching(/^maxWorkers: /),
    ]);
  });
});

describe("where models lie", () => {
  test("archives and folders of the store are found by their names, and by their paths", async () => {
    const { store, archives } = await rigWith({ "one/file": "1" });
    await makeZip(join(store, "two.mar"), [{ name: "file", content: "2" }]);
    expect((await archives.resolve("one")).folder).toBe(join(store, "one"));
    expect((await archives.resolve(join(store, "one"))).folder).toBe(join(store, "one"));
    const unpacked = await archives.resolve("two.mar");
    expect(unpacked.bytes).toBe(1);
    await unpacked.release();
  });

  test.each([
    ["nope", "Model not found in model store: nope"],
    ["/etc", "Model not found in model store: /etc"],
    ["../secret", "Relative path is not allowed in url: ../secret"],
    ["one/../two", "Relative path is not allowed in url: one/../two"],
    ["outside", "Model not found in model store: outside"],
    ["s3://bucket/key", "Invalid model url"],
    ["file:///etc", "Invalid model url"],
  ])("%s is not found", async (url, message) => {
    const { store, archives } = await rigWith({ "one/file": "1" });
    await symlink("/etc", join(store, "outside"));
    expect(await refusal(archives.resolve(url))).toEqual(["MODEL_NOT_FOUND", message]);
  });

  test("messages do not tell where the store lies", async () => {
    const { store, archives } = await rigWith({ "text.mar": "no archive" });
    const [code, message] = await refusal(archives.resolve("text.mar"));
    expect([code, message.includes(store)]).toEqual(["INVALID_DOCUMENT", false]);
    expect(message).toContain("text.mar");
  });
});

describe("downloads", () => {
  async function serving(path: string): Promise<{ readonly url: string; readonly asked: string[] }> {
    const { readFile } = await import("node:fs/promises");
    const asked: string[] = [];
    const bytes = await readFile(path);
    const server = createServer((request, response) => {
      asked.push(request.url ?? "");
      if (request.url === "/away") response.writeHead(302, { location: "/model.mar" }).end();
      else if (request.url === "/model.mar") response.end(bytes);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(
      () =>
        new Promise<void>((resolve) =>
          server.close(() => {
            resolve();
          }),
        ),
    );
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    return { url: `http://127.0.0.1:${String(port)}`, asked };
  }

  test("nothing is asked for that the operator has not allowed; what is, is unpacked; redirects are not followed", async () => {
    const folder = await folderWith({ "model/service.py": "" });
    const path = await writeArchive({
      modelName: "noop",
      modelPath: join(folder, "model"),
      handler: "service.py:handle",
      runtime: "python",
      exportPath: folder,
      format: "default",
      force: false,
    });
    const { url, asked } = await serving(path);
    const { archives: closed } = await rigWith({}, { downloadHint: "Ask the operator." });
    expect(await refusal(closed.resolve(`${url}/model.mar`))).toEqual([
      "FORBIDDEN",
      expect.stringContaining(url),
    ]);
    expect(asked).toEqual([]);
    const { archives } = await rigWith({}, { allowsDownload: (from) => from.startsWith(url) });
    const model = await archives.resolve(`${url}/model.mar`);
    expect(model).toMatchObject({ modelName: "noop", handler: "service.py:handle" });
    await model.release();
    expect(await refusal(archives.resolve(`${url}/away`))).toEqual([
      "UNREACHABLE",
      `Failed to download model from: ${url}/away, code: 302`,
    ]);
    expect((await refusal(archives.resolve(`${url}/nope`)))[1]).toContain(", code: 404");
  });
});
