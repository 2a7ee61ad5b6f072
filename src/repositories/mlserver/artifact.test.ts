import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Files, folderWith, put } from "../testing/folder.ts";
import { list, model, openRepository, printed, sklearn, xgboost } from "./testing/repository.ts";

describe("artifacts", () => {
  it("are looked for under the names that MLServer knows, in its order", async () => {
    const files = {
      "m/model-settings.json": { implementation: xgboost },
      "m/model.json": "",
      "m/model.ubj": "",
    };
    const folder = await folderWith(files);
    const repository = openRepository(folder);
    const artifact = async (): Promise<string | undefined> => (await repository.find("m")).specs[0]?.artifact;
    expect(await artifact()).toBe(join(folder, "m/model.json"));
    await put(folder, { "m/model.bst": "" });
    expect(await artifact()).toBe(join(folder, "m/model.bst"));
  });

  it.each(["file.pkl", "./file.pkl", "../m/file.pkl", "file:file.pkl", "folder", "./folder/"])(
    "are named by %s, from the model's folder",
    async (uri) => {
      const settings = { "m/model-settings.json": { implementation: sklearn, parameters: { uri } } };
      const folder = await folderWith({ ...settings, "m/file.pkl": "", "m/folder/model.pkl": "" });
      const { specs, problems } = await openRepository(folder).list();
      expect(problems).toEqual([]);
      expect(specs[0]?.artifact).toBe(
        join(folder, uri.includes("folder") ? "m/folder/model.pkl" : "m/file.pkl"),
      );
    },
  );

  it.each(["file://", "file://localhost", ""])("are named by %s and an absolute path", async (scheme) => {
    const folder = await folderWith({ "shared/x.joblib": "" });
    await put(folder, model("m", { parameters: { uri: `${scheme}${folder}/shared/x.joblib` } }));
    expect((await openRepository(folder).list()).specs[0]?.artifact).toBe(join(folder, "shared/x.joblib"));
  });

  it("must lie in the served folder or in a trusted one, however they are reached", async () => {
    const elsewhere = await folderWith({ "x.joblib": "", ...model("linked-model") });
    const folder = await folderWith({
      ...model("absolute", { parameters: { uri: join(elsewhere, "x.joblib") } }),
      "link/model-settings.json": { implementation: sklearn },
    });
    await symlink(join(elsewhere, "x.joblib"), join(folder, "link/model.joblib"));
    await symlink(join(elsewhere, "linked-model"), join(folder, "linked-folder"));
    const refused = await openRepository(folder).list();
    expect(refused.specs).toEqual([]);
    expect(printed(refused).replaceAll(elsewhere, "…")).toMatchInlineSnapshot(`
      "
      absolute: absolute/model-settings.json:4:12: the model's file lies outside the served folder: …/x.joblib
        Loading a model can run the code in it. If you trust that folder, start with --trust ….
      link: link/model-settings.json:1:1: the model's file lies outside the served folder: …/x.joblib
        Loading a model can run the code in it. If you trust that folder, start with --trust ….
      linked-folder: linked-folder/model-settings.json:1:1: the model's file lies outside the served folder: …/linked-model/model.joblib
        Loading a model can run the code in it. If you trust that folder, start with --trust …/linked-model.
      "
    `);
    const trusting = await openRepository(folder, { settings: { trustedFolders: [elsewhere] } }).list();
    expect(trusting.problems).toEqual([]);
    expect(trusting.specs.map(({ artifact }) => artifact)).toEqual([
      join(elsewhere, "x.joblib"),
      join(elsewhere, "x.joblib"),
      join(elsewhere, "linked-model/model.joblib"),
    ]);
  });

  it("may be links within the served folder", async () => {
    const folder = await folderWith({
      "store/v1.joblib": "",
      "m/model-settings.json": { implementation: sklearn },
    });
    await symlink("../store/v1.joblib", join(folder, "m/model.joblib"));
    expect((await openRepository(folder).list()).specs[0]?.artifact).toBe(join(folder, "store/v1.joblib"));
  });
});

describe("environment_path", () => {
  it("names the interpreter, with ~ and variables as in MLServer", async () => {
    const home = await folderWith({ "envs/a/bin/python": "", "envs/b/bin/python3": "" });
    const using = (path: string): Files => model("m", { parameters: { environment_path: path } });
    const variables = { HOME: home, WHICH: "b" };
    const interpreter = async (path: string): Promise<string | null | undefined> =>
      (await list(using(path), { variables })).specs[0]?.interpreter;
    expect(await interpreter("~/envs/a")).toBe(join(home, "envs/a/bin/python"));
    expect(await interpreter("$HOME/envs/${WHICH}")).toBe(join(home, "envs/b/bin/python3"));
  });

  it("is not taken from settings that a link brings in from outside", async () => {
    const python = await folderWith({ "bin/python": "" });
    const settings = { implementation: sklearn, parameters: { environment_path: python } };
    const elsewhere = await folderWith({ "settings.json": settings });
    const folder = await folderWith({ "m/model.joblib": "" });
    await symlink(join(elsewhere, "settings.json"), join(folder, "m/model-settings.json"));
    expect(printed(await openRepository(folder).list()).replaceAll(elsewhere, "…")).toMatchInlineSnapshot(`
      "
      m: m/model-settings.json: the settings name an interpreter but lie outside the served folder: …/settings.json
        If you trust that folder, start with --trust ….
      "
    `);
  });
});
