import { z } from "zod";

/*
 * The forms of value in Azure ML's documents, as azure-ai-ml reads them.
 *
 * The message of every schema is what was expected, in words that follow "expected"; where a sentence of its own says
 * more, the issue carries it as a `Remark`.
 */

/** What an issue says in its own words, instead of "expected …, got …". */
export const remarkSchema = z.object({ reason: z.string(), hint: z.string().exactOptional() });
export type Remark = z.infer<typeof remarkSchema>;

type RemarkIssue = z.core.$ZodRawIssue<z.core.$ZodIssueCustom>;

/** An issue that says something in its own words, for `superRefine` and transforms. */
export function remark(remark: Remark, input: unknown, path: readonly PropertyKey[] = []): RemarkIssue {
  return { code: "custom", message: remark.reason, path: [...path], input, params: { ...remark } };
}

export const text = z.string({ error: "a string" });

/** A string that has to follow a rule; `pattern` is for editors, `expected` for people. */
export function textLike(pattern: RegExp, expected: string): z.ZodString {
  return z.string({ error: expected }).regex(pattern, { error: expected });
}

/** Whole numbers within bounds; they may come as strings, and fractions are cut off. */
export function wholeNumberFrom(
  minimum: number,
  maximum: number,
): z.ZodPipe<z.ZodType<number, number | string>, z.ZodNumber> {
  const most = maximum === anyCount ? "" : ` to ${String(maximum)}`;
  const error = `a whole number from ${String(minimum)}${most}`;
  return z
    .union([z.number(), textLike(/^\s*[+-]?\d+(?:_\d+)*\s*$/, error)], { error })
    .transform((given) => Math.trunc(Number(typeof given === "string" ? given.replaceAll("_", "") : given)))
    .pipe(z.int({ error }).min(minimum, { error }).max(maximum, { error }));
}

/** As a maximum: there is none. */
export const anyCount = Number.MAX_SAFE_INTEGER;

const share = "a number from 0 to 1";

/** A number may come as a string. */
export const fraction = z
  .union([z.number(), textLike(/^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/, share)], { error: share })
  .transform(Number)
  .pipe(z.number().min(0, { error: share }).max(1, { error: share }));

const truths = [
  "t",
  "T",
  "true",
  "True",
  "TRUE",
  "on",
  "On",
  "ON",
  "y",
  "Y",
  "yes",
  "Yes",
  "YES",
  "1",
] as const;
const lies = [
  "f",
  "F",
  "false",
  "False",
  "FALSE",
  "off",
  "Off",
  "OFF",
  "n",
  "N",
  "no",
  "No",
  "NO",
  "0",
] as const;

export const truth = z
  .union([z.boolean(), z.literal([0, 1]), z.enum([...truths, ...lies])], { error: "true or false" })
  .transform((value) => value === true || value === 1 || truths.some((word) => word === value));

/** One of a few words, in whatever case; `AMLToken` is `aml_token` too. Gives the word as it is listed. */
export function word<const Words extends readonly [string, ...string[]]>(
  words: Words,
): z.ZodType<Words[number], string> {
  const error = oneOf(words);
  const caseless = new RegExp(`^(?:${words.map(caselessPattern).join("|")})$`);
  return z
    .union([z.enum(words), textLike(caseless, error)], { error })
    .transform((given) => words.find((listed) => bare(listed) === bare(given)) ?? words[0]);
}

function bare(text: string): string {
  return text.toLowerCase().replaceAll("_", "");
}

/** A pattern without flags, because JSON Schema has none. */
function caselessPattern(word: string): string {
  return Array.from(word)
    .map((letter) => (letter === "_" ? "_?" : `[${letter.toLowerCase()}${letter.toUpperCase()}]`))
    .join("");
}

function oneOf(words: readonly string[]): string {
  return words.length === 1
    ? words.join("")
    : `${words.slice(0, -1).join(", ")} or ${words.slice(-1).join("")}`;
}

/** Anything but a mapping or a list, as the text that Python makes of it. */
const scalarText = z
  .union([z.string(), z.number(), z.boolean(), z.null()], { error: "a string, a number, true or false" })
  .transform(pythonText);

/** As `str()` in Python; nothing becomes the empty string. */
function pythonText(value: string | number | boolean | null): string {
  if (value === null) return "";
  return typeof value === "boolean" ? (value ? "True" : "False") : String(value);
}

/** Tags, properties and variables: numbers and truths become text. */
export const textMap = z.record(z.string(), scalarText, { error: "a mapping of names to texts" });

export const anyMap = z.record(z.string(), z.unknown(), { error: "a mapping" });

/** A version is text, but may be written as a number. */
export const versionText = z
  .union([z.string(), z.number()], { error: "a version, as 1 or 2024-05" })
  .transform(String)
  .pipe(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/, { error: "a version, as 1 or 2024-05" }));

export const assetName = textLike(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/,
  "a name of letters, digits, dots, hyphens and underscores that starts with a letter or digit",
);

/** What Azure writes into documents that it shows, and ignores in those that it reads. */
export const readOnly = z
  .unknown()
  .transform((): undefined => undefined)
  .optional()
  .meta({ readOnly: true });

/**
 * A mapping with these keys and no others. For a key that it does not have, the message lists those that it has, with
 * `keySeparator` between them.
 */
export function mapping<Shape extends z.core.$ZodShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.entries(shape)
    .filter(([, field]) => field !== readOnly)
    .map(([key]) => key)
    .join(keySeparator);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? known : "a mapping"),
  });
}

export const keySeparator = ", ";
