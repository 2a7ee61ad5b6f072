import { isUtf8 } from "node:buffer";
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { ServingError } from "../../contracts/serving-error.ts";
import type { AsyncInvocation, Invocation } from "../../core/ports/hosted-runtime.ts";

type InvocationKind = "plain" | "stream" | "async";

/** What a path of the data plane asks for. */
export interface InvocationTarget {
  readonly endpoint: string;
  readonly kind: InvocationKind;
}

const kinds: ReadonlyMap<string, InvocationKind> = new Map([
  ["invocations", "plain"],
  ["invocations-response-stream", "stream"],
  ["async-invocations", "async"],
]);

/** Null for a path of something else. */
export function targetOf(url: string): InvocationTarget | null {
  const [, name, operation] = /^\/endpoints\/([^/?]+)\/([a-z-]+)\/?(?:\?.*)?$/.exec(url) ?? [];
  const kind = kinds.get(operation ?? "");
  return name === undefined || kind === undefined ? null : { endpoint: name, kind };
}

/** Whether whoever asks is a client of AWS's, who wants to be answered as one. */
export function isAwsClient({ headers }: IncomingMessage): boolean {
  const isSigned = headers.authorization?.startsWith("AWS4-") === true;
  return isSigned || headers["x-amz-date"] !== undefined || headers["amz-sdk-invocation-id"] !== undefined;
}

const prefix = "x-amzn-sagemaker-";

/** Headers that a container gets; everything else ends here. */
const relayed: ReadonlySet<string> = new Set([
  "content-type",
  "accept",
  ...["custom-attributes", "target-model", "target-variant", "target-container-hostname", "inference-id"].map(
    (name) => prefix + name,
  ),
  ...["session-id", "enable-explanations", "inference-component", "prefix-aware-id"].map(
    (name) => prefix + name,
  ),
]);

/** As the service model has them; its clients send longer ones, and the service refuses them. */
const lengths = [
  { field: "TargetModel", header: "target-model", most: 1024 },
  { field: "CustomAttributes", header: "custom-attributes", most: 1024 },
  { field: "InferenceId", header: "inference-id", most: 64 },
] as const;
/** From the sending of a request to the head of the answer. */
const plainTimeoutMs = 60_000;
const streamTimeoutMs = 480_000;

/** @throws ServingError INVALID_REQUEST */
export function decodeInvocation(
  request: IncomingMessage,
  body: Uint8Array,
  kind: "plain" | "stream",
): Invocation {
  const own = (name: string): string | null => ownHeader(request, name);
  checkLengths(own);
  const component = own("inference-component");
  if (component !== null) {
    throw ServingError.invalidField("InferenceComponentName", "none: there are no components", component);
  }
  return {
    headers: relayedHeaders(request, kind === "stream" ? own("accept") : null),
    body,
    targetModel: utf8Of(own("target-model")),
    targetVariant: own("target-variant"),
    targetContainer: own("target-container-hostname"),
    sessionId: own("session-id"),
    timeoutMs: kind === "stream" ? streamTimeoutMs : plainTimeoutMs,
  };
}

function checkLengths(own: (name: string) => string | null): void {
  for (const { field, header, most } of lengths) {
    const { length } = own(header) ?? "";
    if (length > most) {
      throw ServingError.invalidField(field, `at most ${String(most)} characters`, String(length));
    }
  }
}

/** Clients write headers in UTF-8, and what reads them takes each byte for a letter. */
function utf8Of(text: string | null): string | null {
  if (text === null) return null;
  const bytes = Buffer.from(text, "latin1");
  return isUtf8(bytes) ? bytes.toString("utf8") : text;
}

/** Everything travels in headers of AWS's own, and reaches the container in the usual ones. */
const asyncHeaders = [
  ["content-type", "Content-Type"],
  ["accept", "Accept"],
  ["custom-attributes", "X-Amzn-SageMaker-Custom-Attributes"],
  ["inference-id", "X-Amzn-SageMaker-Inference-Id"],
  ["target-model", "X-Amzn-SageMaker-Target-Model"],
] as const;

const defaultTtlS = 21_600;
const defaultTimeoutS = 900;

/** @throws ServingError INVALID_REQUEST */
export function decodeAsync(request: IncomingMessage, body: Uint8Array): AsyncInvocation {
  const own = (name: string): string | null => ownHeader(request, name);
  const location = own("inputlocation");
  if (location === null && body.byteLength === 0) {
    throw ServingError.invalidField("InputLocation", "where the request's body lies", "nothing");
  }
  const headers = asyncHeaders.flatMap(([name, told]) => {
    const value = own(name);
    return value === null ? [] : [told, value];
  });
  return {
    headers,
    input: location === null ? { kind: "body", body } : { kind: "location", url: location },
    inferenceId: own("inference-id") ?? randomUUID(),
    fileName: own("filename"),
    pathExtension: own("s3outputpathextension"),
    ttlMs: seconds("RequestTTLSeconds", own("requestttlseconds"), {
      least: 60,
      most: defaultTtlS,
      fallback: defaultTtlS,
    }),
    timeoutMs: seconds("InvocationTimeoutSeconds", own("invocationtimeoutseconds"), {
      least: 1,
      most: 3600,
      fallback: defaultTimeoutS,
    }),
  };
}

function seconds(
  field: string,
  text: string | null,
  { least, most, fallback }: { readonly least: number; readonly most: number; readonly fallback: number },
): number {
  const value = text === null ? fallback : Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value * 1000;
  throw ServingError.invalidField(
    field,
    `a whole number from ${String(least)} to ${String(most)}`,
    text ?? "",
  );
}

function ownHeader({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[prefix + name];
  return typeof value === "string" ? value : null;
}

/** Names and values in turn. @param accept instead of the header of that name */
function relayedHeaders({ rawHeaders }: IncomingMessage, accept: string | null): readonly string[] {
  const kept: string[] = accept === null ? [] : ["Accept", accept];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    const lower = name.toLowerCase();
    if (!relayed.has(lower) || (accept !== null && lower === "accept")) continue;
    kept.push(name, rawHeaders[index + 1] ?? "");
  }
  return kept;
}
