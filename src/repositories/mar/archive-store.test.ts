import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ServingError } from "../../contracts/serving-error.ts";
import { ArchiveStore } from "./archive-store.ts";
import { defaultArchiveLimits } from "./limits.ts";
import { makeTar, makeZip, type MadeEntry } from "./testing/archives.ts";

let folder: string;
let store: ArchiveStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hostler-test-"));
  store = new ArchiveStore(join(folder, "unpacked"));
});
afterEach(async () => {
  await store.stop();
  await rm(folder, { recursive: true, force: true });
});

const formats = [
  ["zip", makeZip],
  ["tar", (path: string, entries: readonly MadeEntry[]) => makeTar(path, entries, false)],
  ["tar.gz", makeTar],
] as const;

/** Everything below the folder that archives are unpacked in. */
async function unpacked(): Promise<readonly string[]> {
  return await readdir(join(folder, "unpacked"), { recursive: true }).catch(() => []);
}

async function refusal(path: string, of = store): Promise<ServingError> {
  const error = await of.open(path).then(
    () => new Error("It was unpacked."),
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(ServingError);
  return ServingError.from(error);
}

describe.each(formats)("%s", (format, make) => {
  const path = (): string => join(folder, "model.archive");

  test("files and folders come out with their content, and only what may run can be run", async () => {
    const entries: readonly MadeEntry[] = [
      // As `tar czf model.tar.gz .` begins; a zip file has nothing like it.
      ...(format === "zip" ? [] : [{ name: "./", type: "Directory" } as const]),
      { name: "code/", type: "Directory" },
      { name: "code/run.sh", content: "#!/bin/sh\n", mode: 0o100_755 },
      { name: "./weights.bin", content: Buffer.alloc(100_000, 7) },
    ];
    await make(path(), entries);
    const opened = await store.open(path());
    expect(await readFile(join(opened.folder, "weights.bin"))).toEqual(Buffer.alloc(100_000, 7));
    expect((await stat(join(opened.folder, "code", "run.sh"))).mode & 0o111).not.toBe(0);
    expect((await stat(join(opened.folder, "weights.bin"))).mode & 0o111).toBe(0);
    await opened.release();
    await expect(stat(opened.folder)).rejects.toThrow("ENOENT");
  });

  test.each([
    ["../outside", /leads out|relative path/i],
    ["a/../../outside", /leads out|relative path/i],
    ["/etc/outside", /absolute path/i],
    ["C:/outside", /drive letter|absolute path/i],
    ["a\\b", /backslash|invalid characters/i],
    ["line\nbreak", /control character/],
  ])("%j is refused, and nothing stays", async (name, why) => {
    await make(path(), [
      { name: "first", content: "1" },
      { name, content: "2" },
    ]);
    const { code, message } = await refusal(path());
    expect(code).toBe("INVALID_DOCUMENT");
    expect(message).toMatch(why);
    expect((await unpacked()).filter((one) => one.includes("/"))).toEqual([]);
  });

  test.each([
    ["twice", ["model.py", "model.py"], /in it twice/],
    ["with another case", ["Model.py", "model.py"], /upper and lower case/],
    ["in a folder with another case", ["Code/a.py", "code/b.py"], /upper and lower case/],
    ["as a file and a folder", ["code", "code/a.py"], /both a file and a folder/],
  ])("a name that is there %s is refused", async (_how, names, why) => {
    await make(
      path(),
      names.map((name) => ({ name, content: "x" })),
    );
    expect((await refusal(path())).message).toMatch(why);
  });

  test("limits end the unpacking while it runs", async () => {
    await make(path(), [
      { name: "a/b/c/d", content: "x" },
      { name: "zeros", content: Buffer.alloc(2_000_000) },
    ]);
    const limited = (limits: object): ArchiveStore =>
      new ArchiveStore(join(folder, "unpacked"), { ...defaultArchiveLimits, ...limits });
    const cases = [
      [{ depth: 3 }, /more than 3 folders deep/],
      [{ entries: 1 }, /more than 1 entries/],
      [{ bytes: 1_000_000 }, /when unpacked/],
      ...(format === "tar"
        ? []
        : [[{ ratio: 10, ratioFromBytes: 1000 }, /more than 10 times its own size/] as const]),
    ] as const;
    for (const [limits, why] of cases) {
      const store = limited(limits);
      expect((await refusal(path(), store)).message).toMatch(why);
      await store.stop();
    }
  });

  test("the same content is unpacked once, and goes with its last user", async () => {
    await make(path(), [{ name: "weights", content: "w" }]);
    const [one, other] = await Promise.all([store.open(path()), store.open(path())]);
    expect(one.folder).toBe(other.folder);
    await one.release();
    await one.release();
    expect(await readFile(join(other.folder, "weights"), "utf8")).toBe("w");
    await other.release();
    await expect(stat(other.folder)).rejects.toThrow("ENOENT");
    const again = await store.open(path());
    expect(again.folder).not.toBe(other.folder);
    await store.stop();
    expect(await unpacked()).toEqual([]);
  });
});

test.each([
  ["SymbolicLink", { type: "SymbolicLink", linkpath: "/etc" }],
  ["Link", { type: "Link", linkpath: "first" }],
  ["CharacterDevice", { type: "CharacterDevice" }],
  ["FIFO", { type: "FIFO" }],
] as const)("a %s in a tar file is refused", async (_kind, entry) => {
  const path = join(folder, "model.tar.gz");
  await makeTar(path, [
    { name: "first", content: "1" },
    { name: "odd", ...entry },
  ]);
  expect((await refusal(path)).message).toContain('"odd" is no plain file or folder');
});

test("a link in a zip file is refused, also one that something is written through", async () => {
  const path = join(folder, "model.mar");
  await makeZip(path, [
    { name: "link", content: "/tmp", mode: 0o120_777 },
    { name: "link/file", content: "x" },
  ]);
  expect((await refusal(path)).message).toContain('"link" is no plain file or folder');
});

test("a folder is served where it is, and never removed", async () => {
  const model = join(folder, "model");
  await mkdir(model);
  const opened = await store.open(model);
  expect(opened.folder).toBe(model);
  await opened.release();
  expect((await stat(model)).isDirectory()).toBe(true);
});

test("what is no archive says so, and what is not there is not found", async () => {
  const text = join(folder, "model.mar");
  await writeFile(text, "no archive at all");
  expect(await refusal(text)).toMatchObject({ code: "INVALID_DOCUMENT", details: { where: text } });
  await makeZip(text, [{ name: "weights", content: "w".repeat(1000) }]);
  await writeFile(text, (await readFile(text)).subarray(0, 60));
  expect((await refusal(text)).message).toContain("cannot be unpacked");
  const tar = join(folder, "model.tar.gz");
  await makeTar(tar, [{ name: "weights", content: "w".repeat(100_000) }]);
  await writeFile(tar, (await readFile(tar)).subarray(0, 100));
  expect((await refusal(tar)).message).toContain("cannot be unpacked");
  expect((await refusal(join(folder, "nothing"))).code).toBe("MODEL_NOT_FOUND");
});

test("an archive may be reached through a link, and read by nobody else when it is unpacked", async () => {
  const path = join(folder, "model.mar");
  await makeZip(path, [{ name: "weights", content: "w" }]);
  await chmod(path, 0o400);
  await symlink(path, join(folder, "link"));
  const { folder: at } = await store.open(join(folder, "link"));
  expect((await stat(join(at, ".."))).mode & 0o077).toBe(0);
});

test("what a server has left that was killed goes; what others use stays", async () => {
  const path = join(folder, "model.archive");
  await makeZip(path, [{ name: "weights.bin", content: "1" }]);
  await store.open(path);
  const [own = ""] = await readdir(join(folder, "unpacked"));
  expect(own).toContain(`-${String(process.pid)}-`);
  const ended = spawnSync(process.execPath, ["--version"]).pid;
  const left = own.replace(`-${String(process.pid)}-`, `-${String(ended)}-`);
  const elsewhere = own
    .replace(/^hostler-models-\d+-/, "hostler-models-1-")
    .replace(/-\d+-/, `-${String(ended)}-`);
  await mkdir(join(folder, "unpacked", left, "some-model"), { recursive: true });
  await mkdir(join(folder, "unpacked", elsewhere));
  const other = new ArchiveStore(join(folder, "unpacked"));
  await other.open(path);
  const names = await readdir(join(folder, "unpacked"));
  expect(names).toEqual(expect.arrayContaining([own, elsewhere]));
  expect(names).not.toContain(left);
  expect(names).toHaveLength(3);
  await other.stop();
});
