/**
 * AWS Signature Version 4, without its cryptography: what is hashed and signed, character by character
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 */

export const signatureAlgorithm = "AWS4-HMAC-SHA256";

/** A request as it is signed. */
export interface RequestToSign {
  readonly method: string;
  /** As it goes over the wire, encoded once. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** The value of a header, by its name in lower case. */
  readonly header: (name: string) => string | undefined;
  /** Names of the headers that are signed, in lower case. */
  readonly signedHeaders: readonly string[];
  /** SHA-256 of the body in lower-case hexadecimal, or what stands for it. */
  readonly payloadHash: string;
  /** As `20261121T190000Z`. */
  readonly timestamp: string;
  readonly region: string;
  readonly service: string;
}

export interface Hashing {
  /** Lower-case hexadecimal. */
  readonly sha256: (text: string) => string;
  readonly hmac: (key: Uint8Array | string, text: string) => Uint8Array;
}

/** As `20261121/us-east-1/sagemaker/aws4_request`. */
export function credentialScope({
  timestamp,
  region,
  service,
}: Pick<RequestToSign, "timestamp" | "region" | "service">): string {
  return `${timestamp.slice(0, 8)}/${region}/${service}/aws4_request`;
}

/** The signature's bytes. */
export function signatureOf(request: RequestToSign, secret: string, { sha256, hmac }: Hashing): Uint8Array {
  const { timestamp, region, service } = request;
  const text = [
    signatureAlgorithm,
    timestamp,
    credentialScope(request),
    sha256(canonicalRequest(request)),
  ].join("\n");
  const dateKey = hmac(`AWS4${secret}`, timestamp.slice(0, 8));
  const key = hmac(hmac(hmac(dateKey, region), service), "aws4_request");
  return hmac(key, text);
}

function canonicalRequest({
  method,
  path,
  query,
  header,
  signedHeaders,
  payloadHash,
  service,
}: RequestToSign): string {
  const names = [...signedHeaders].sort();
  const headers = names.map((name) => `${name}:${(header(name) ?? "").trim().replaceAll(/\s+/g, " ")}\n`);
  // S3 is the one service whose paths are not encoded a second time.
  const uri = service === "s3" ? path : path.split("/").map(encode).join("/");
  return [method, uri, canonicalQuery(query), headers.join(""), names.join(";"), payloadHash].join("\n");
}

function canonicalQuery(query: string): string {
  if (query === "") return "";
  return query
    .split("&")
    .map((pair) => (pair.includes("=") ? pair : `${pair}=`))
    .sort()
    .join("&");
}

/** As RFC 3986 has it: all but letters, digits and `-_.~`. */
export function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
