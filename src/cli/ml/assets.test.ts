import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { useDesk } from "../testing/desk.ts";

const desk = useDesk();
const { ml, ok, file } = desk;

beforeEach(async () => {
  await file("model.pkl", "model");
});

const workspaceId =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.MachineLearningServices/workspaces/hostler";

describe("model", () => {
  test("create from flags prints what was registered", async () => {
    const words = ["-n", "mine", "--path", "model.pkl", "--tags", "a=1", "b=2", "--stage", "Production"];
    expect(JSON.parse(await ok("model", "create", ...words))).toEqual({
      id: `azureml:${workspaceId}/models/mine/versions/1`,
      name: "mine",
      version: "1",
      path: join(desk.folder, "model.pkl"),
      type: "custom_model",
      stage: "Production",
      tags: { a: "1", b: "2" },
      properties: {},
      creation_context: expect.objectContaining({ created_by: "hostler" }) as unknown,
    });
  });

  test("create from a file, seen from where the file is", async () => {
    await file("assets/model.yml", "name: mine\npath: ../model.pkl\ntype: mlflow_model\nversion: 7\n");
    expect(JSON.parse(await ok("model", "create", "-f", "assets/model.yml"))).toMatchObject({
      version: "7",
      type: "mlflow_model",
      path: join(desk.folder, "model.pkl"),
    });
  });

  test("create needs a file, or a name and a path", async () => {
    const { exitCode, err } = await ml("model", "create", "-n", "mine");
    expect(exitCode).toBe(1);
    expect(err).toContain("Please provide either --file/-f or --name/-n and --path/-p.");
  });

  test("show takes a version or latest, and ends with status 3 where there is none", async () => {
    await ok("model", "create", "-n", "mine", "-p", "model.pkl");
    const query = ["--query", "version", "-o", "tsv"];
    expect(await ok("model", "show", "-n", "mine", "-v", "1", ...query)).toBe("1\n");
    expect(await ok("model", "show", "-n", "mine", "-l", "latest", ...query)).toBe("1\n");
    expect((await ml("model", "show", "-n", "mine", "-v", "9")).exitCode).toBe(3);
    const { exitCode, err } = await ml("model", "show", "-n", "mine");
    expect(exitCode).toBe(1);
    expect(err).toContain("Must provide either version or label.");
  });

  test("list shows the newest of each, or all of one", async () => {
    await file("other.pkl", "other");
    await ok("model", "create", "-n", "mine", "-p", "model.pkl", "-v", "1");
    await ok("model", "create", "-n", "mine", "-p", "other.pkl", "-v", "2");
    const newest = JSON.parse(await ok("model", "list", "--query", '[].[name, "latest version"]')) as unknown;
    expect(newest).toEqual([["mine", "2"]]);
    expect(await ok("model", "list", "-n", "mine", "--query", "[].version", "-o", "tsv")).toBe("2\n1\n");
    expect(await ok("model", "list", "-n", "mine", "-r", "1", "--query", "length(@)")).toBe("1\n");
    expect(await ok("model", "list", "-o", "table")).toContain("Name    Latest version\n");
  });

  test("archive leaves it out of lists, restore takes it back", async () => {
    await ok("model", "create", "-n", "mine", "-p", "model.pkl");
    expect(await ok("model", "archive", "-n", "mine", "--version", "1")).toBe("");
    expect(await ok("model", "list")).toBe("[]\n");
    expect(await ok("model", "list", "--archived-only", "--query", "[].name", "-o", "tsv")).toBe("mine\n");
    await ok("model", "restore", "-n", "mine");
    expect(await ok("model", "list", "--query", "length(@)")).toBe("1\n");
  });

  test("update changes tags and says what cannot change", async () => {
    await ok("model", "create", "-n", "mine", "-p", "model.pkl");
    const words = ["-n", "mine", "-v", "1", "--set", "tags.a=b", "--stage", "Production"];
    expect(JSON.parse(await ok("model", "update", ...words))).toMatchObject({
      tags: { a: "b" },
      stage: "Production",
    });
    const { exitCode, err } = await ml("model", "update", "-n", "mine", "-v", "1", "--set", "path=other");
    expect(exitCode).toBe(1);
    expect(err).toContain("What is registered does not change: path.");
  });

  test("download copies the files, delete takes it away", async () => {
    await ok("model", "create", "-n", "mine", "-p", "model.pkl");
    expect((await ml("model", "download", "-n", "mine", "-v", "1", "-p", "copy")).exitCode).toBe(0);
    expect(await readFile(join(desk.folder, "copy", "mine", "model.pkl"), "utf8")).toBe("model");
    await ok("model", "delete", "-n", "mine", "-v", "1", "-y");
    expect((await ml("model", "show", "-n", "mine", "-v", "1")).exitCode).toBe(3);
  });
});

describe("environment", () => {
  test("create from flags", async () => {
    await file("conda.yml", "name: mine\ndependencies: [python=3.11]\n");
    const words = ["-n", "env", "--image", "image:1", "--conda-file", "conda.yml"];
    expect(JSON.parse(await ok("environment", "create", ...words))).toMatchObject({
      id: `azureml:${workspaceId}/environments/env/versions/1`,
      image: "image:1",
      conda_file: { name: "mine", dependencies: ["python=3.11"] },
      os_type: "linux",
    });
  });

  test("create from a build context, and not from both", async () => {
    await file("docker/Dockerfile", "FROM scratch\n");
    const words = ["-n", "env", "--build-context", "docker", "--dockerfile-path", "/Dockerfile"];
    expect(JSON.parse(await ok("environment", "create", ...words))).toMatchObject({
      build: { path: join(desk.folder, "docker"), dockerfile_path: "Dockerfile" },
    });
    const { exitCode, err } = await ml("environment", "create", ...words, "-i", "image:1");
    expect(exitCode).toBe(1);
    expect(err).toContain("mutually exclusive");
  });

  test("show, list, update, archive and delete", async () => {
    await ok("environment", "create", "-n", "env", "--image", "image:1");
    expect((await ml("environment", "show", "-n", "nothing", "-v", "1")).exitCode).toBe(3);
    expect(await ok("environment", "list", "-o", "table")).toBe(
      "Name    Latest version\n------  ----------------\nenv     1\n",
    );
    expect(JSON.parse(await ok("environment", "list", "-n", "env"))).toEqual([{ name: "env", version: "1" }]);
    await ok("environment", "update", "-n", "env", "-v", "1", "--set", "tags.a=b");
    expect(await ok("environment", "show", "-n", "env", "-v", "1", "--query", "tags.a", "-o", "tsv")).toBe(
      "b\n",
    );
    await ok("environment", "archive", "-n", "env", "-v", "1");
    expect(await ok("environment", "list")).toBe("[]\n");
    await ok("environment", "delete", "-n", "env", "-v", "1", "--yes");
    expect((await ml("environment", "show", "-n", "env", "-v", "1")).exitCode).toBe(3);
  });
});
