import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  codeSpecSchema,
  environmentSpecSchema,
  type ModelAsset,
  modelSpecSchema,
} from "../../contracts/control/assets.ts";
import { assetNameSchema, assetVersionSchema } from "../../contracts/control/names.ts";
import { Store } from "../store/store.ts";
import { AssetCatalogue } from "./asset-catalogue.ts";
import { AssetFolder } from "./asset-folder.ts";

const iris = assetNameSchema.parse("iris");
const version = (text: string) => assetVersionSchema.parse(text);
const without = { archived: "without" } as const;

let folder: string;
let store: Store;
let assets: AssetCatalogue;
let user: string | null;

async function open(): Promise<void> {
  store = new Store(join(folder, "db"));
  assets = new AssetCatalogue({
    records: store.assets,
    folder: new AssetFolder(join(folder, "state", "assets")),
    timestamp: () => "2026-01-01T00:00:00.000Z",
    userOf: () => user,
    references: () => () => false,
  });
  await assets.open();
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hostler-assets-"));
  user = null;
  await open();
});
afterEach(async () => {
  store.close();
  await rm(folder, { recursive: true, force: true });
});

async function files(contents: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(contents)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

function model(path: string, fields: Readonly<Record<string, unknown>> = {}): Promise<ModelAsset> {
  const spec = modelSpecSchema.parse({ name: "iris", path: join(folder, path), ...fields });
  return assets.create("models", spec);
}

async function tree(path: string): Promise<readonly string[]> {
  const found = await readdir(path, { recursive: true, withFileTypes: true });
  const names = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return names.map((name) => name.slice(path.length + 1)).sort();
}

describe("registering", () => {
  it("copies a folder under its own name, below name and version", async () => {
    await files({ "models/a.pkl": "a", "models/deep/b.pkl": "b" });
    const made = await model("models/");
    expect(made.path).toBe(join(folder, "state/assets/models/iris/1/models"));
    expect(await tree(made.path)).toEqual(["a.pkl", "deep/b.pkl"]);
    await writeFile(join(folder, "models/a.pkl"), "changed");
    expect(await readFile(join(made.path, "a.pkl"), "utf8")).toBe("a");
  });

  it("copies a single file, readable for every user of a container", async () => {
    await files({ "model.pkl": "a", "run.sh": "b" });
    await chmod(join(folder, "model.pkl"), 0o600);
    await chmod(join(folder, "run.sh"), 0o700);
    const made = await model("model.pkl");
    expect(made.path).toBe(join(folder, "state/assets/models/iris/1/model.pkl"));
    expect((await stat(made.path)).mode & 0o777).toBe(0o644);
    expect((await stat((await model("run.sh")).path)).mode & 0o777).toBe(0o755);
  });

  it("follows links, each folder once, and leaves out what the ignore file names", async () => {
    await files({
      "outside/weights.bin": "w",
      "code/score.py": "s",
      "code/data/big.csv": "d",
      "code/.amlignore": "data/\n*.log\n",
      "code/.gitignore": "score.py\n",
      "code/run.log": "l",
      "code/.git/config": "g",
      "code/__pycache__/score.pyc": "p",
    });
    await symlink(join(folder, "outside"), join(folder, "code/linked"));
    await symlink(join(folder, "code"), join(folder, "code/round"));
    const spec = codeSpecSchema.parse({ name: "c", path: join(folder, "code") });
    const made = await assets.create("codes", spec);
    expect(await tree(made.path)).toEqual([".amlignore", ".gitignore", "linked/weights.bin", "score.py"]);
  });

  it.each([
    ["nothing", "a file or folder that exists"],
    ["broken", "links that lead somewhere"],
  ])("refuses %s", async (path, expected) => {
    await mkdir(join(folder, "broken"));
    await symlink(join(folder, "gone"), join(folder, "broken/link"));
    await expect(model(path)).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      details: { field: "path", expected },
    });
    expect(await readdir(join(folder, "state/assets/.incoming"))).toEqual([]);
  });

  it("refuses a path that is not whole, a file where a folder has to be, and its own state", async () => {
    await files({ "score.py": "" });
    const code = codeSpecSchema.parse({ name: "c", path: join(folder, "score.py") });
    await expect(assets.create("codes", code)).rejects.toMatchObject({ details: { expected: "a folder" } });
    const relative = modelSpecSchema.parse({ name: "iris", path: "models" });
    await expect(assets.create("models", relative)).rejects.toMatchObject({ details: { field: "path" } });
    await expect(model(".")).rejects.toMatchObject({ details: { field: "path" } });
  });

  it("leaves nothing behind when its process is killed before the row is written", async () => {
    await files({
      "m/a": "a",
      "state/assets/models/iris/3/m/a": "orphan",
      "state/assets/.incoming/version-x/m/a": "half",
    });
    const kept = await model("m");
    store.close();
    await open();
    expect(await tree(join(folder, "state/assets"))).toEqual([
      kept.path.slice(join(folder, "state/assets/").length) + "/a",
    ]);
  });
});

describe("versions", () => {
  beforeEach(() => files({ "m/a": "a", "n/a": "a", "code/score.py": "s" }));

  it("count up from the newest whole number", async () => {
    expect((await model("m")).version).toBe("1");
    expect((await model("m")).version).toBe("2");
    expect((await model("m", { version: "7" })).version).toBe("7");
    expect((await model("m", { version: "rc-1" })).version).toBe("rc-1");
    expect((await model("m")).version).toBe("8");
    const all = await assets.versions("models", iris, without);
    expect(all.map((one) => one.version)).toEqual(["8", "rc-1", "7", "2", "1"]);
  });

  it("never change: the same content is the same asset, other content is refused", async () => {
    const first = await model("m", { version: "1" });
    expect(await model("m", { version: "1" })).toEqual(first);
    expect((await model("m", { version: "1", tags: { a: "b" } })).tags).toEqual({ a: "b" });
    await expect(model("n", { version: "1" })).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    await files({ "m/a": "other" });
    await expect(model("m", { version: "1" })).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    await expect(model("m", { version: "latest" })).rejects.toMatchObject({ details: { field: "version" } });
  });

  it("of code are reused while nothing changes", async () => {
    const code = () =>
      assets.create("codes", codeSpecSchema.parse({ name: "c", path: join(folder, "code") }));
    expect([(await code()).version, (await code()).version]).toEqual(["1", "1"]);
    await files({ "code/score.py": "t" });
    expect((await code()).version).toBe("2");
  });

  it("of what has no name come from the content", async () => {
    const first = await model("m", { name: "whatever", is_anonymous: true });
    const again = await model("m", { name: "other", is_anonymous: true });
    expect([first.name, first.version, again]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), "1", first]);
    const environment = (conda: Readonly<Record<string, unknown>>) =>
      assets.create(
        "environments",
        environmentSpecSchema.parse({ name: "e", is_anonymous: true, image: "i", conda }),
      );
    const one = await environment({ name: "x", channels: ["c"] });
    expect(await environment({ channels: ["c"], name: "x" })).toEqual(one);
    expect((await environment({ name: "y" })).version).not.toBe(one.version);
    expect(one.name).toBe("CliV2AnonymousEnvironment");
    expect(await assets.list("models", without)).toEqual([]);
  });

  it("are given out once, however many ask at the same time", async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => model("m")));
    expect(made.map((one) => Number(one.version)).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const same = await Promise.all(Array.from({ length: 4 }, () => model("m", { version: "x" })));
    expect(new Set(same.map(({ path }) => path)).size).toBe(1);
  });
});

describe("an archived asset", () => {
  it("is not the newest any more, until it is brought back", async () => {
    await files({ "m/a": "a" });
    await model("m");
    await model("m");
    const archive = (is_archived: boolean) => assets.update("models", iris, version("2"), { is_archived });
    expect((await archive(true)).is_archived).toBe(true);
    expect((await assets.get("models", iris, "latest")).version).toBe("1");
    const listed = async (archived: "without" | "with" | "only") =>
      (await assets.versions("models", iris, { archived })).map((one) => one.version);
    expect([await listed("without"), await listed("with"), await listed("only")]).toEqual([
      ["1"],
      ["2", "1"],
      ["2"],
    ]);
    await archive(false);
    expect((await assets.get("models", iris, "latest")).version).toBe("2");
  });
});

describe("deleting", () => {
  it("takes the files too, but of what a deployment uses", async () => {
    await files({ "m/a": "a" });
    const { path } = await model("m");
    user = "shop/blue";
    await expect(assets.delete("models", iris, version("1"))).rejects.toMatchObject({
      code: "CONFLICT",
      message: "The model iris:1 is used by the deployment shop/blue.",
    });
    user = null;
    await assets.delete("models", iris, version("1"));
    await expect(stat(path)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(assets.get("models", iris, version("1"))).rejects.toMatchObject({ code: "ASSET_NOT_FOUND" });
    expect((await model("m")).version).toBe("1");
  });
});

it("what a deployment begins to use while its deletion waits for another one stays", async () => {
  await files({ "a.pkl": "a", "b.pkl": "b" });
  await model("a.pkl");
  await model("b.pkl");
  const first = assets.delete("models", iris, version("2"));
  // It has begun, and its files are on their way out.
  await Promise.resolve();
  const second = assets.delete("models", iris, version("1"));
  user = "shop/blue";
  await first;
  await expect(second).rejects.toThrow("is used by the deployment shop/blue");
  expect((await assets.get("models", iris, version("1"))).version).toBe("1");
});

it("what is neither a file nor a folder is refused rather than read without end", async () => {
  const path = join(folder, "pipe");
  execFileSync("python3", ["-c", "import os, sys; os.mkfifo(sys.argv[1])", path]);
  await expect(model("pipe")).rejects.toMatchObject({ code: "INVALID_REQUEST" });
});
