import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ModelCache } from "./model-cache.ts";

let folder: string;
let cache: ModelCache;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hostler-cache-"));
  cache = new ModelCache(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (text: string) => (path: string) => writeFile(path, text);

describe("ModelCache", () => {
  it("fetches what it has not, and only that", async () => {
    const path = await cache.obtain("a", 1, write("first"));
    expect(await cache.obtain("a", 1, write("second"))).toBe(path);
    expect(await readFile(path, "utf8")).toBe("first");
    await cache.discard(path);
    expect(await readFile(await cache.obtain("a", 1, write("third")), "utf8")).toBe("third");
  });

  it("keeps nothing of what could not be fetched whole", async () => {
    const fetch = async (path: string): Promise<void> => {
      await writeFile(path, "half");
      throw new Error("the connection was lost");
    };
    await expect(cache.obtain("a", 1, fetch)).rejects.toThrow("lost");
    expect(await readdir(folder)).toEqual([]);
  });

  it("lets go of the others where the disk is too small", async () => {
    await cache.obtain("a", 1, write("old"));
    await cache.obtain("b", Number.MAX_SAFE_INTEGER, write("new"));
    expect(await readdir(folder)).toEqual(["b"]);
  });
});
