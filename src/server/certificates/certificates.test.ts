import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clientVariables, openCertificates } from "./index.ts";

let folder: string;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "hostler-certificates-")), "tls");
});

afterEach(async () => {
  await rm(join(folder, ".."), { recursive: true });
});

const day = 86_400_000;

describe("openCertificates", () => {
  it("makes what a client accepts that trusts the bundle, under every local name", async () => {
    const { cert, key, bundlePath } = await openCertificates({ folder });
    const server = createServer({ cert, key }, (_request, response) => response.end("hello"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const ca = await readFile(bundlePath, "utf8");
      for (const servername of ["localhost", "account.blob.localhost"]) {
        expect(await statusOf(server.address(), { ca, servername })).toBe(200);
      }
      await expect(statusOf(server.address(), { ca, servername: "example.com" })).rejects.toThrow("altnames");
      await expect(statusOf(server.address(), { servername: "localhost" })).rejects.toThrow(/certificate/);
    } finally {
      server.close();
    }
  });

  it("keeps the certificate over restarts, and its key to its owner", async () => {
    const first = await openCertificates({ folder });
    const second = await openCertificates({ folder });
    expect(second).toStrictEqual(first);
    for (const name of ["server-key.pem", "server.pem", "authority.pem", "client-bundle.pem"]) {
      expect((await stat(join(folder, name))).mode & 0o077).toBe(0);
    }
    expect((await stat(folder)).mode & 0o077).toBe(0);
  });

  it("makes a new one before the old one ends, and where a name is missing", async () => {
    const first = await openCertificates({ folder });
    const { validToDate } = new X509Certificate(first.cert);
    const shortBefore = new Date(validToDate.getTime() - 30 * day);
    const second = await openCertificates({ folder, now: shortBefore });
    expect(second.key).not.toBe(first.key);
    expect((await openCertificates({ folder, now: shortBefore })).key).toBe(second.key);
    const third = await openCertificates({ folder, now: shortBefore, dnsNames: ["host.example"] });
    expect(new X509Certificate(third.cert).subjectAltName).toContain("DNS:host.example");
  });

  it("makes a new one where the files do not belong together", async () => {
    await openCertificates({ folder });
    const other = join(folder, "..", "other");
    const { key } = await openCertificates({ folder: other });
    await writeFile(join(folder, "server-key.pem"), key);
    expect((await openCertificates({ folder })).key).not.toBe(key);
  });

  it("makes a new one where a file is damaged", async () => {
    await openCertificates({ folder });
    await writeFile(join(folder, "server.pem"), "nonsense");
    const { cert } = await openCertificates({ folder });
    expect(new X509Certificate(cert).subject).toBe("CN=localhost");
  });

  it("leaves the bundle that clients used before working, and takes itself in once", async () => {
    const known = join(folder, "..", "company.pem");
    await writeFile(known, "-----BEGIN CERTIFICATE-----\ncompany\n-----END CERTIFICATE-----\n");
    const { bundlePath, authorityPath } = await openCertificates({ folder, knownBundle: known });
    const bundle = await readFile(bundlePath, "utf8");
    expect(bundle).toContain("company");
    expect(bundle).toContain((await readFile(authorityPath, "utf8")).trim());
    await openCertificates({ folder, knownBundle: bundlePath });
    const again = await readFile(bundlePath, "utf8");
    expect(again.split("BEGIN CERTIFICATE").length).toBe(bundle.split("BEGIN CERTIFICATE").length - 1);
  });
});

describe("clientVariables", () => {
  it("names the address and the bundle", () => {
    expect(clientVariables({ bundlePath: "/s/b.pem" }, "https://localhost:8802")).toStrictEqual({
      AZUREML_DEV_URL_MFE: "https://localhost:8802",
      REQUESTS_CA_BUNDLE: "/s/b.pem",
      CURL_CA_BUNDLE: "/s/b.pem",
      SSL_CERT_FILE: "/s/b.pem",
    });
  });
});

function statusOf(
  address: AddressInfo | string | null,
  options: { readonly ca?: string; readonly servername: string },
): Promise<number | undefined> {
  if (typeof address !== "object" || address === null) throw new Error("Nothing listens.");
  const { port } = address;
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, agent: false, ...options }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });
}
