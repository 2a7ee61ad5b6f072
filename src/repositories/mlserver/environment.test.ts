import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { folderWith } from "../testing/folder.ts";
import { Environment } from "./environment.ts";

it("finds MLServer's variables however they are spelt, the process's before those in .env", async () => {
  const cwd = await folderWith({
    ".env": 'MLSERVER_HTTP_PORT=9999\nexport mlserver_debug="1" # on\nOTHER=x\n',
  });
  const environment = await Environment.read(cwd, { Mlserver_Http_Port: "5000", PATH: "/bin" });
  expect(environment.mlserver("MLSERVER_HTTP_PORT")).toEqual({ value: "5000", origin: "Mlserver_Http_Port" });
  expect(environment.mlserver("MLSERVER_DEBUG")).toEqual({ value: "1", origin: "mlserver_debug in .env" });
  expect(environment.mlserver("OTHER")).toBeUndefined();
  expect(environment.mlserverNames).toEqual(["MLSERVER_HTTP_PORT", "MLSERVER_DEBUG"]);
});

it("expands variables in .env as python-dotenv does", async () => {
  const cwd = await folderWith({
    ".env":
      "BASE=/models\nMLSERVER_MODEL_URI=${BASE}/x\nMLSERVER_SERVER_NAME=${NAME:-none}-${HOME}-${UNSET}\n",
  });
  const environment = await Environment.read(cwd, { HOME: "/root", BASE: "/elsewhere" });
  expect(environment.modelField("uri")?.value).toBe("/models/x");
  expect(environment.mlserver("MLSERVER_SERVER_NAME")?.value).toBe("none-/root-");
});

it("takes JSON in .env as it is", async () => {
  const cwd = await folderWith({ ".env": 'MLSERVER_CORS_SETTINGS={"allow_origins": ["*"]}\n' });
  const environment = await Environment.read(cwd, {});
  expect(environment.mlserver("MLSERVER_CORS_SETTINGS")?.value).toBe('{"allow_origins": ["*"]}');
});

it("never takes from a file what chooses the code that runs", async () => {
  const cwd = await folderWith({ ".env": "HOSTLER_PYTHON=./evil\nMLSERVER_MODEL_ENVIRONMENT_PATH=./evil\n" });
  const environment = await Environment.read(cwd, { HOSTLER_STRICT: "1" });
  expect(environment.own("HOSTLER_PYTHON")).toBeUndefined();
  expect(environment.modelField("environment_path")).toBeUndefined();
  expect(environment.own("HOSTLER_STRICT")).toEqual({ value: "1", origin: "HOSTLER_STRICT" });
  expect(environment.ignored).toEqual(["HOSTLER_PYTHON", "MLSERVER_MODEL_ENVIRONMENT_PATH"]);
});

it("does without a .env, and says so where it cannot be read", async () => {
  const cwd = await folderWith({});
  expect((await Environment.read(cwd, {})).mlserverNames).toEqual([]);
  await mkdir(join(cwd, ".env"));
  await expect(Environment.read(cwd, {})).rejects.toMatchObject({
    code: "INVALID_SETTINGS",
    details: { where: ".env", hint: "Make it readable, or remove it." },
  });
});
