import { createHash } from "node:crypto";
import { readdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ArmRig, storagePath } from "../testing/arm-rig.ts";

let rig: ArmRig;

beforeEach(async () => {
  rig = await ArmRig.open();
});

afterEach(async () => {
  await rig.close();
});

const block = { "content-type": "application/octet-stream" };

function put(path: string, body: string, headers: Readonly<Record<string, string>> = {}) {
  return rig.call(`${storagePath}/${path}`, { method: "PUT", headers: { ...block, ...headers }, body });
}

describe("a blob", () => {
  it("is read as it was put, whole or in part", async () => {
    const { status, headers } = await put("a/b c.txt", "0123456789");
    expect([status, headers["x-ms-version"]]).toStrictEqual([201, "2024-11-04"]);
    const whole = await rig.call(`${storagePath}/a/b%20c.txt`);
    expect([whole.status, whole.text, whole.headers["etag"]]).toStrictEqual([
      200,
      "0123456789",
      headers["etag"],
    ]);
    const part = await rig.call(`${storagePath}/a/b%20c.txt`, { headers: { "x-ms-range": "bytes=2-4" } });
    expect([part.status, part.text, part.headers["content-range"]]).toStrictEqual([
      206,
      "234",
      "bytes 2-4/10",
    ]);
    const rest = await rig.call(`${storagePath}/a/b%20c.txt`, { headers: { range: "bytes=8-" } });
    expect(rest.text).toBe("89");
    const beyond = await rig.call(`${storagePath}/a/b%20c.txt`, { headers: { range: "bytes=10-" } });
    expect([beyond.status, beyond.headers["x-ms-error-code"]]).toStrictEqual([416, "InvalidRange"]);
    const head = await rig.call(`${storagePath}/a/b%20c.txt`, { method: "HEAD" });
    expect([head.status, head.headers["content-length"], head.text]).toStrictEqual([200, "10", ""]);
  });

  it("can be empty", async () => {
    await put("empty", "");
    const { status, text } = await rig.call(`${storagePath}/empty`);
    expect([status, text]).toStrictEqual([200, ""]);
  });

  it("keeps metadata until others come", async () => {
    await put("a", "1", { "x-ms-meta-name": "one" });
    const head = () => rig.call(`${storagePath}/a`, { method: "HEAD" });
    expect((await head()).headers["x-ms-meta-name"]).toBe("one");
    const changed = await put("a?comp=metadata", "", { "x-ms-meta-upload": "done" });
    expect(changed.status).toBe(200);
    expect((await head()).headers).toMatchObject({ "x-ms-meta-upload": "done" });
    expect((await head()).headers).not.toHaveProperty("x-ms-meta-name");
    await put("a", "2");
    expect((await head()).headers).not.toHaveProperty("x-ms-meta-upload");
    const missing = await put("b?comp=metadata", "", { "x-ms-meta-upload": "done" });
    expect([missing.status, missing.headers["x-ms-error-code"]]).toStrictEqual([404, "BlobNotFound"]);
  });

  it("comes in blocks, put together as the list says", async () => {
    const ids = ["one", "two/=", "three"].map((id) => Buffer.from(id).toString("base64"));
    for (const [index, id] of ids.entries()) {
      const { status } = await put(
        `large?comp=block&blockid=${encodeURIComponent(id)}`,
        String(index).repeat(3),
      );
      expect(status).toBe(201);
    }
    expect((await rig.call(`${storagePath}/large`)).status).toBe(404);
    const listed = [ids[2], ids[0]].map((id) => `<Latest>${id ?? ""}</Latest>`).join("");
    const list = `<?xml version="1.0"?><BlockList>${listed}</BlockList>`;
    expect((await put("large?comp=blocklist", list)).status).toBe(201);
    expect((await rig.call(`${storagePath}/large`)).text).toBe("222000");
    const wrong = await put("large?comp=blocklist", "<BlockList><Latest>bm9uZQ==</Latest></BlockList>");
    expect([wrong.status, wrong.headers["x-ms-error-code"]]).toStrictEqual([400, "InvalidBlockList"]);
    expect((await rig.call(`${storagePath}/large`)).text).toBe("222000");
  });

  it("whose list names a block that was never put is refused, and nothing of it is left", async () => {
    await put("big?comp=block&blockid=QQ%3D%3D", "A");
    const list = "<BlockList><Latest>QQ==</Latest><Latest>Qg==</Latest></BlockList>";
    const { status, headers } = await put("big?comp=blocklist", list);
    expect([status, headers["x-ms-error-code"]]).toStrictEqual([400, "InvalidBlockList"]);
    expect(await readdir(join(rig.folder, "uploads", "incoming"))).toStrictEqual([]);
  });

  it("is refused where its name, or a block's, is longer than any can be", async () => {
    const long = Array.from({ length: 30 }, () => "x".repeat(200)).join("/");
    for (const answer of [await put(long, "A"), await rig.call(`${storagePath}/${long}`)]) {
      expect([answer.status, answer.headers["x-ms-error-code"]]).toStrictEqual([400, "InvalidResourceName"]);
    }
    const { status, headers } = await put(`big?comp=block&blockid=${"Q".repeat(200)}`, "A");
    expect([status, headers["x-ms-error-code"]]).toStrictEqual([400, "InvalidBlockId"]);
  });

  it("is not taken when it is not what the client meant to send", async () => {
    const md5 = createHash("md5").update("right").digest("base64");
    expect((await put("a", "right", { "content-md5": md5 })).headers["content-md5"]).toBe(md5);
    const { status, headers, text } = await put("a", "wrong", { "content-md5": md5 });
    expect([status, headers["x-ms-error-code"]]).toStrictEqual([400, "Md5Mismatch"]);
    expect(text).toContain("<Code>Md5Mismatch</Code>");
    expect((await rig.call(`${storagePath}/a`)).text).toBe("right");
    expect(await readdir(join(rig.folder, "uploads", "incoming"))).toStrictEqual([]);
  });

  it("is replaced only under the conditions that the client names", async () => {
    const { headers } = await put("a", "1", { "if-none-match": "*" });
    expect((await put("a", "2", { "if-none-match": "*" })).status).toBe(409);
    expect((await put("a", "2", { "if-match": '"0xother"' })).status).toBe(412);
    expect((await put("b", "2", { "if-match": "*" })).status).toBe(412);
    expect((await put("a", "2", { "if-match": String(headers["etag"]) })).status).toBe(201);
  });

  it("goes when it is deleted", async () => {
    await put("a", "1");
    const remove = () => rig.call(`${storagePath}/a`, { method: "DELETE" });
    expect((await remove()).status).toBe(202);
    expect((await rig.call(`${storagePath}/a`)).status).toBe(404);
    expect((await remove()).status).toBe(404);
  });

  it("cannot be a folder as well", async () => {
    await put("a/b", "1");
    for (const path of ["a", "a/b/c"]) {
      const { status, headers } = await put(path, "2");
      expect([status, headers["x-ms-error-code"]]).toStrictEqual([409, "BlobTypeMismatch"]);
    }
    expect((await rig.call(`${storagePath}/a/`, { method: "HEAD" })).status).toBe(404);
  });
});

describe("names", () => {
  it.each([
    `${storagePath}/%2e%2e%2f%2e%2e%2fx`,
    `${storagePath}/a%2f..%2f..%2fx`,
    `${storagePath}/a//b`,
    `${storagePath}/a%00b`,
    `${storagePath}/${"x".repeat(256)}`,
    "/hostlerlocal.blob.core.windows.net/..%2fx/a",
    "/hostlerlocal.blob.core.windows.net/UPPER/a",
  ])("%s stays inside", async (path) => {
    const { status, headers } = await rig.call(path, { method: "PUT", headers: block, body: "x" });
    expect([status, headers["x-ms-error-code"]]).toStrictEqual([400, "InvalidResourceName"]);
  });
});

describe("a container", () => {
  it("is there, and lists its blobs, also in folders", async () => {
    const container = storagePath;
    expect((await rig.call(`${container}?restype=container`)).status).toBe(200);
    expect((await rig.call(`${container}?restype=container`, { method: "PUT" })).status).toBe(201);
    expect((await rig.call(`${container}?restype=container`, { method: "DELETE" })).status).toBe(501);
    for (const key of ["m/a&b", "m/sub/c", "n"])
      await put(key.replace("&", "%26"), "12", { "x-ms-meta-k": "v" });
    const list = async (query: string): Promise<string> =>
      (await rig.call(`${container}?restype=container&comp=list&${query}`)).text;
    const names = (xml: string): readonly (string | undefined)[] =>
      [...xml.matchAll(/<Name>(.*?)<\/Name>/g)].map(([, name]) => name);
    expect(names(await list(""))).toStrictEqual(["m/a&amp;b", "m/sub/c", "n"]);
    expect(names(await list("prefix=m/&delimiter=/"))).toStrictEqual(["m/sub/", "m/a&amp;b"]);
    expect(names(await list("prefix=none"))).toStrictEqual([]);
    expect(await list("prefix=n")).toContain("<Content-Length>2</Content-Length>");
    expect(await list("prefix=n")).toContain("<Metadata><k>v</k></Metadata>");
  });
});

describe("the service", () => {
  it("answers under the account's name in the host, too", async () => {
    const headers = { ...block, host: "hostlerlocal.blob.localhost:8802" };
    await rig.call("/azureml-blobstore/a", { method: "PUT", headers, body: "x" });
    expect((await rig.call(`${storagePath}/a`)).text).toBe("x");
  });

  it("forgets after a week what nobody registered", async () => {
    await put("old/a", "1");
    const files = join(rig.folder, "uploads/files/azureml-blobstore");
    await utimes(join(files, "old/a"), new Date(0), new Date(0));
    rig = await rig.restarted();
    await put("new", "1");
    expect((await rig.call(`${storagePath}/old/a`)).status).toBe(404);
    expect(await readdir(files)).toStrictEqual(["new"]);
  });
});
