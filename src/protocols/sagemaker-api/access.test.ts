import { createHash, createHmac } from "node:crypto";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { type RequestToSign, signatureOf } from "../../core/signing/signature-v4.ts";
import { checkAccess } from "./access.ts";
import type { Access } from "./context.ts";

const now = Date.UTC(2026, 10, 21, 19);
const body = Buffer.from("[1]");
const access: Access = { kind: "key-pair", accessKeyId: "mine", secretAccessKey: "very secret" };

interface Fields {
  readonly headers?: Readonly<Record<string, string>>;
  readonly secret?: string;
  readonly timestamp?: string;
  readonly payload?: Uint8Array;
}

function request(headers: Readonly<Record<string, string>>): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  Object.assign(message, { method: "POST", url: "/endpoints/e/invocations" });
  Object.assign(message.headers, { host: "127.0.0.1:8800", ...headers });
  return message;
}

function signed({
  headers = {},
  secret = "very secret",
  timestamp = "20261121T190000Z",
  payload = body,
}: Fields = {}): IncomingMessage {
  const message = request({ "x-amz-date": timestamp, ...headers });
  const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");
  const hmac = (key: Uint8Array | string, text: string): Uint8Array =>
    createHmac("sha256", key).update(text).digest();
  const names = ["host", "x-amz-date"];
  const toSign: RequestToSign = {
    method: "POST",
    path: "/endpoints/e/invocations",
    query: "",
    header: (name) => String(message.headers[name]),
    signedHeaders: names,
    payloadHash: sha256(payload),
    timestamp,
    region: "us-east-1",
    service: "sagemaker",
  };
  const signature = Buffer.from(signatureOf(toSign, secret, { sha256, hmac })).toString("hex");
  const scope = `mine/${timestamp.slice(0, 8)}/us-east-1/sagemaker/aws4_request`;
  message.headers.authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return message;
}

const check = (how: Access, message: IncomingMessage) => () => {
  checkAccess(how, message, { body, now });
};

describe("a key pair", () => {
  it("lets its own signatures in, and no others", () => {
    expect(check(access, signed())).not.toThrow();
    expect(check(access, signed({ secret: "another" }))).toThrow("does not match");
    expect(check(access, signed({ payload: Buffer.from("[2]") }))).toThrow("does not match");
    expect(check({ ...access, accessKeyId: "other" }, signed())).toThrow("token");
    expect(check(access, request({}))).toThrow("not signed");
  });

  it("lets no signature in that is older than a quarter of an hour", () => {
    expect(check(access, signed({ timestamp: "20261121T184600Z" }))).not.toThrow();
    expect(check(access, signed({ timestamp: "20261121T184400Z" }))).toThrow("too old");
    expect(check(access, signed({ timestamp: "yesterday" }))).toThrow("not signed");
  });
});

describe("without a key pair", () => {
  it("programs of this machine are let in, and pages in browsers are not", () => {
    expect(check({ kind: "local" }, request({}))).not.toThrow();
    expect(check({ kind: "local" }, request({ origin: "http://evil.example" }))).toThrow("key pair");
    expect(check({ kind: "local" }, request({ host: "evil.example" }))).toThrow("key pair");
  });

  it("nobody is let in where other machines could come", () => {
    expect(check({ kind: "closed" }, request({}))).toThrow("no key pair is set");
  });
});
