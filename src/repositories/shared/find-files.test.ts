import { symlink } from "node:fs/promises";
import { join, relative } from "node:path";
import { expect, it } from "vitest";
import { folderWith } from "../testing/folder.ts";
import { findFiles } from "./find-files.ts";

async function found(folder: string): Promise<readonly string[]> {
  const { files } = await findFiles(folder, "x.json");
  return files.map(({ path }) => relative(folder, path));
}

it("finds files at any depth, the top included, in a fixed order", async () => {
  const folder = await folderWith({ "x.json": "", "b/x.json": "", "a/c/d/x.json": "", "a/y.json": "" });
  expect(await found(folder)).toEqual(["a/c/d/x.json", "b/x.json", "x.json"]);
});

it("skips names with a leading dot below the top, not above it", async () => {
  const folder = await folderWith({ ".hidden/x.json": "", ".top/a/x.json": "" });
  expect(await found(folder)).toEqual([]);
  expect(await found(join(folder, ".top"))).toEqual(["a/x.json"]);
});

it("follows links to folders and files, but visits each folder once", async () => {
  const elsewhere = await folderWith({ "model/x.json": "", "single.json": "" });
  const folder = await folderWith({ "a/x.json": "" });
  await symlink(join(elsewhere, "model"), join(folder, "linked"));
  await symlink(join(elsewhere, "model"), join(folder, "linked-again"));
  await symlink(join(folder, "a"), join(folder, "A"));
  await symlink(join(elsewhere, "single.json"), join(folder, "x.json"));
  expect(await found(folder)).toEqual(["a/x.json", "linked/x.json", "x.json"]);
});

it("ends where links lead back", async () => {
  const folder = await folderWith({ "top/a/x.json": "", "beside/x.json": "" });
  await symlink(join(folder, "top"), join(folder, "top/a/up"));
  await symlink(folder, join(folder, "top/a/out"));
  await symlink(join(folder, "nowhere"), join(folder, "top/dangling"));
  expect(await found(join(folder, "top"))).toEqual(["a/out/beside/x.json", "a/x.json"]);
});

it("finds nothing where there is no folder", async () => {
  const folder = await folderWith({ file: "" });
  expect(await findFiles(join(folder, "none"), "x.json")).toEqual({ files: [], unreadable: [] });
  expect(await findFiles(join(folder, "file"), "x.json")).toEqual({ files: [], unreadable: [] });
});
