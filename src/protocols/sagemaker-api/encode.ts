import type { InvocationOutcome } from "../../core/ports/hosted-runtime.ts";
import type { EncodedError } from "./errors.ts";

export type Answered = Extract<InvocationOutcome, { kind: "answered" }>;

/** Headers of a container's answer that its caller gets. */
const relayed: ReadonlySet<string> = new Set([
  "content-type",
  "x-amzn-sagemaker-custom-attributes",
  "x-amzn-sagemaker-new-session-id",
  "x-amzn-sagemaker-closed-session-id",
]);

/** Names and values in turn. */
export function answerHeaders({ headers, variant }: Answered, requestId: string): string[] {
  const told = ["x-amzn-RequestId", requestId, "x-Amzn-Invoked-Production-Variant", variant];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index]?.toLowerCase() ?? "";
    if (relayed.has(name)) told.push(name, headers[index + 1] ?? "");
  }
  return told;
}

/** The same for a stream of events, whose own content type is another one. */
export function streamHeaders(answer: Answered, requestId: string): string[] {
  const told = answerHeaders(answer, requestId);
  const at = told.indexOf("content-type");
  if (at !== -1) told[at] = "x-amzn-sagemaker-content-type";
  return [...told, "content-type", "application/vnd.amazon.eventstream"];
}

export function errorHeaders({ type }: EncodedError, requestId: string, contentType: string): string[] {
  return ["x-amzn-RequestId", requestId, "x-amzn-ErrorType", type, "content-type", contentType];
}

/** How much of a container's error goes into ours. */
const shownBytes = 16 * 1024;

/** What a container said when it failed, as text. */
export async function failureText({ body }: Answered): Promise<string> {
  if (body instanceof Uint8Array) return textOf(body);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size >= shownBytes) break;
  }
  return textOf(Buffer.concat(chunks));
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, shownBytes));
}
