import type picocolors from "picocolors";

type Colors = ReturnType<typeof picocolors.createColors>;

/** A JSON log line as a person reads it: `14:03:05.120 INFO  model loaded  model=digits load_ms=12`. */
export function prettyLine(line: string, colors: Colors): string {
  const { time, level, msg, ...fields } = parse(line);
  const clock = typeof time === "string" ? time.slice(11, 23) : "";
  const label = printable(level).toUpperCase();
  const pairs = Object.entries(fields).map(
    ([key, value]) => `${colors.dim(`${visible(key)}=`)}${textOf(value)}`,
  );
  const head = `${colors.dim(clock)} ${paint(label, colors)(label.padEnd(5))} ${printable(msg)}`;
  return `${[head, pairs.join(" ")].filter((part) => part !== "").join("  ")}\n`;
}

function parse(line: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(line);
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function paint(label: string, colors: Colors): (text: string) => string {
  switch (label) {
    case "ERROR":
      return colors.red;
    case "WARN":
      return colors.yellow;
    case "INFO":
      return colors.green;
    default:
      return colors.dim;
  }
}

/** Words as they are; whatever has blanks, quotes or control characters in it as JSON. */
function textOf(value: unknown): string {
  if (typeof value === "string" && /^[\w./:@%+,-]+$/.test(value)) return value;
  return visible(JSON.stringify(value));
}

function printable(value: unknown): string {
  return typeof value === "string" ? visible(value) : "";
}

/** What could move the cursor, colour the screen or begin a new line is written out: log fields carry callers' text. */
function visible(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}
