import { ServingError } from "../../../contracts/serving-error.ts";
import { type MediaType, parseMediaType } from "./media-type.ts";

/** What bodies of tensors can be written as. */
export type Format = "csv" | "json" | "json-lines" | "npy" | "triton";

/** The type that a body of this format is sent with. Without a charset: there are clients that compare whole texts. */
export const typeOf: Readonly<Record<Format, string>> = {
  json: "application/json",
  csv: "text/csv",
  "json-lines": "application/jsonlines",
  npy: "application/x-npy",
  triton: "application/vnd.sagemaker-triton.binary+json",
};

const formats: ReadonlyMap<string, Format> = new Map<string, Format>([
  ["application/json", "json"],
  ["text/csv", "csv"],
  ["application/jsonlines", "json-lines"],
  ["application/x-jsonlines", "json-lines"],
  ["application/x-ndjson", "json-lines"],
  ["application/x-npy", "npy"],
  ["application/vnd.sagemaker-triton.binary+json", "triton"],
]);

const offers: readonly Format[] = ["json", "csv", "json-lines", "npy", "triton"];
const everything = [...formats.keys()].join(", ");

/** Types that say nothing: boto3 sends none unless asked, curl sends a form's. The body itself is looked at then. */
const unnamed: ReadonlySet<string> = new Set([
  "",
  "application/octet-stream",
  "application/x-www-form-urlencoded",
]);

/** @throws ServingError UNSUPPORTED_MEDIA_TYPE */
export function requestFormat({ essence }: MediaType, bytes: Uint8Array): Format {
  const named = formats.get(essence);
  if (named !== undefined) return named;
  if (unnamed.has(essence)) return formatLike(bytes);
  throw new ServingError(
    "UNSUPPORTED_MEDIA_TYPE",
    `content-type: expected one of ${everything}, got ${essence}`,
    { field: "content-type", expected: everything, got: essence },
  );
}

const openBrace = 0x7b;
const openBracket = 0x5b;
const firstOfNpy = 0x93;

function formatLike(bytes: Uint8Array): Format {
  const first = bytes.find((byte) => byte > 0x20);
  if (first === openBrace || first === openBracket) return "json";
  return first === firstOfNpy ? "npy" : "csv";
}

/**
 * What the answer is written as: the accepted type with the highest quality, of equal ones the request's own kind, then
 * the first named. Without a wish it is `fallback`, or the request's own kind where that is null.
 *
 * @throws ServingError NOT_ACCEPTABLE
 */
export function replyFormat(accept: string | null, own: Format, fallback: Format | null): Format {
  const wishes = accept === null || accept.trim() === "" ? [] : accept.split(",").map(wishOf);
  const isOpen = wishes.every(({ essence }) => essence === "*/*");
  if (isOpen) return fallback ?? own;
  let best: { readonly format: Format; readonly quality: number } | null = null;
  for (const format of inOrderOf(wishes, own)) {
    const quality = qualityOf(format, wishes);
    if (quality > (best?.quality ?? 0)) best = { format, quality };
  }
  if (best !== null) return best.format;
  throw new ServingError("NOT_ACCEPTABLE", `accept: expected one of ${everything}, got ${accept ?? ""}`, {
    field: "accept",
    expected: everything,
    got: accept ?? "",
  });
}

/** The format that a setting names; null for one that we do not write. */
export function namedFormat(type: string): Format | null {
  return formats.get(parseMediaType(type).essence) ?? null;
}

interface Wish {
  readonly essence: string;
  readonly quality: number;
}

function wishOf(text: string): Wish {
  const { essence, parameters } = parseMediaType(text);
  const quality = Number(parameters.get("q") ?? 1);
  return { essence, quality: Number.isNaN(quality) ? 0 : quality };
}

function inOrderOf(wishes: readonly Wish[], own: Format): Iterable<Format> {
  const named = wishes.flatMap(({ essence }) => formats.get(essence) ?? []);
  return new Set([own, ...named, ...offers]);
}

/** The most specific wish that covers a format counts, as RFC 9110 has it. */
function qualityOf(format: Format, wishes: readonly Wish[]): number {
  const type = typeOf[format];
  const family = `${type.slice(0, type.indexOf("/"))}/*`;
  const exact = wishes.find(({ essence }) => formats.get(essence) === format);
  const wish =
    exact ??
    wishes.find(({ essence }) => essence === family) ??
    wishes.find(({ essence }) => essence === "*/*");
  return wish?.quality ?? 0;
}
