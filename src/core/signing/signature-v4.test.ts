import { createHash, createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { encode, type RequestToSign, signatureOf } from "./signature-v4.ts";

const hashing = {
  sha256: (text: string): string => createHash("sha256").update(text).digest("hex"),
  hmac: (key: Uint8Array | string, text: string): Uint8Array =>
    createHmac("sha256", key).update(text).digest(),
};

/** AWS's own example, from its test suite for Signature Version 4 (`get-vanilla` and its neighbours). */
const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const headers: Readonly<Record<string, string>> = {
  host: "example.amazonaws.com",
  "x-amz-date": "20150830T123600Z",
};
const vanilla: RequestToSign = {
  method: "GET",
  path: "/",
  query: "",
  header: (name) => headers[name],
  signedHeaders: ["host", "x-amz-date"],
  payloadHash: hashing.sha256(""),
  timestamp: "20150830T123600Z",
  region: "us-east-1",
  service: "service",
};

function hex(request: RequestToSign): string {
  return Buffer.from(signatureOf(request, secret, hashing)).toString("hex");
}

describe("Signature Version 4", () => {
  it("signs AWS's examples as AWS does", () => {
    expect(hex(vanilla)).toBe("5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    expect(hex({ ...vanilla, method: "POST" })).toBe(
      "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    );
    expect(hex({ ...vanilla, query: "Param2=value2&Param1=value1" })).toBe(
      "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    );
  });

  it("takes every part of a request into account", () => {
    const changed: readonly Partial<RequestToSign>[] = [
      { method: "PUT" },
      { path: "/x" },
      { query: "a=1" },
      { header: () => "another" },
      { payloadHash: hashing.sha256("body") },
      { timestamp: "20150830T123601Z" },
      { region: "eu-west-1" },
      { service: "other" },
    ];
    const signatures = changed.map((change) => hex({ ...vanilla, ...change }));
    expect(new Set([hex(vanilla), ...signatures]).size).toBe(changed.length + 1);
  });

  it("encodes as RFC 3986 has it", () => {
    expect(encode("a b/c*(é)~!'")).toBe("a%20b%2Fc%2A%28%C3%A9%29~%21%27");
  });
});
