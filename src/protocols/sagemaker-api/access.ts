import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { ServingError } from "../../contracts/serving-error.ts";
import { type RequestToSign, signatureAlgorithm, signatureOf } from "../../core/signing/signature-v4.ts";
import type { Access } from "./context.ts";

const service = "sagemaker";
const longestSkewMs = 15 * 60_000;

interface Credential {
  readonly accessKeyId: string;
  readonly region: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/**
 * Lets a request in, or does not.
 *
 * @param now milliseconds since 1970
 * @throws ServingError UNAUTHENTICATED
 */
export function checkAccess(
  access: Access,
  request: IncomingMessage,
  { body, now }: { readonly body: Uint8Array; readonly now: number },
): void {
  switch (access.kind) {
    case "local":
      checkLocal(request);
      return;
    case "closed":
      throw denied(
        "This server can be reached from other machines or asks for keys, and no key pair is set for AWS clients.",
        {
          hint: "Set HOSTLER_AWS_ACCESS_KEY_ID and HOSTLER_AWS_SECRET_ACCESS_KEY, and sign with the same pair.",
        },
      );
    case "key-pair":
      checkSignature(access, request, { body, now });
  }
}

const loopbackNames: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** A page in a browser could reach a loopback address: under a name of its own (DNS rebinding), or from its own origin. */
function checkLocal({ headers }: IncomingMessage): void {
  const name = (headers.host ?? "").toLowerCase().replace(/:\d*$/, "");
  if (headers.origin === undefined && (loopbackNames.has(name) || name.endsWith(".localhost"))) return;
  throw denied("Only programs of this machine may call without a key pair.", {
    expected: [...loopbackNames].join(", "),
    got: (headers.origin ?? name).slice(0, 80),
    hint: "Use the server's loopback address, or set HOSTLER_AWS_ACCESS_KEY_ID and HOSTLER_AWS_SECRET_ACCESS_KEY.",
  });
}

function checkSignature(
  { accessKeyId, secretAccessKey }: Extract<Access, { kind: "key-pair" }>,
  request: IncomingMessage,
  { body, now }: { readonly body: Uint8Array; readonly now: number },
): void {
  const credential = credentialOf(request.headers.authorization);
  if (credential === null)
    throw denied("The request is not signed.", { expected: signatureAlgorithm, got: "no signature" });
  if (credential.accessKeyId !== accessKeyId)
    throw denied("The security token included in the request is invalid.", { got: "another access key" });
  const timestamp = textOf(request, "x-amz-date") ?? "";
  const skewMs = Math.abs(now - millisecondsOf(timestamp));
  if (!(skewMs <= longestSkewMs))
    throw denied("The signature is too old, or from the future.", { got: timestamp.slice(0, 32) });
  const [path, query] = splitTarget(request.url ?? "/");
  const signed: RequestToSign = {
    method: request.method ?? "",
    path,
    query,
    header: (name) => textOf(request, name),
    signedHeaders: credential.signedHeaders,
    payloadHash: createHash("sha256").update(body).digest("hex"),
    timestamp,
    region: credential.region,
    service,
  };
  const expected = signatureOf(signed, secretAccessKey, hashing);
  const given = Buffer.from(credential.signature, "hex");
  const isSame = given.length === expected.byteLength && timingSafeEqual(given, expected);
  // A body's hash that is told is signed too; of another body the signature says nothing.
  const told = textOf(request, "x-amz-content-sha256");
  const isBodySigned = told === undefined || told === signed.payloadHash;
  if (isSame && isBodySigned && credential.signedHeaders.includes("host")) return;
  throw denied(
    "The request signature does not match: another secret access key, or the request was changed on its way.",
    {},
  );
}

const hashing = {
  sha256: (text: string): string => createHash("sha256").update(text).digest("hex"),
  hmac: (key: Uint8Array | string, text: string): Uint8Array =>
    createHmac("sha256", key).update(text).digest(),
};

function credentialOf(authorization = ""): Credential | null {
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/\d{8}\/([^/,\s]+)\/sagemaker\/aws4_request, ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})$/.exec(
      authorization.trim(),
    );
  const [, accessKeyId, region, names, signature] = found ?? [];
  if (accessKeyId === undefined || region === undefined || names === undefined || signature === undefined)
    return null;
  return { accessKeyId, region, signedHeaders: names.split(";"), signature };
}

/** NaN for what is no such time. */
function millisecondsOf(timestamp: string): number {
  const found = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp);
  if (found === null) return Number.NaN;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function textOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.join(",");
}

/** Path and query. */
function splitTarget(url: string): readonly [path: string, query: string] {
  const mark = url.indexOf("?");
  return mark === -1 ? [url, ""] : [url.slice(0, mark), url.slice(mark + 1)];
}

function denied(message: string, details: ConstructorParameters<typeof ServingError>[2]): ServingError {
  return new ServingError("UNAUTHENTICATED", message, { field: "authorization", ...details });
}
