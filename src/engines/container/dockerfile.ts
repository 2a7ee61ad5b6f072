/** An image that a Dockerfile starts from or copies from, and the line that says so. */
export interface BaseImage {
  readonly name: string;
  readonly line: number;
}

interface Instruction {
  readonly keyword: string;
  readonly words: readonly string[];
  readonly line: number;
}

/** The images that have to be there before a Dockerfile can be built: its own stages and `scratch` are not among them. */
export function baseImages(
  text: string,
  buildArguments: Readonly<Record<string, string>> = {},
): readonly BaseImage[] {
  const known = new Map<string, string>();
  const stages = new Set<string>(["scratch"]);
  const found = new Map<string, BaseImage>();
  const take = (word: string, line: number): void => {
    const name = substitute(unquoted(word), known);
    if (stages.has(name.toLowerCase()) || /^\d+$/.test(name) || found.has(name)) return;
    found.set(name, { name, line });
  };
  for (const { keyword, words, line } of instructionsOf(text)) {
    const [first = "", as = "", stage = ""] = words.filter((word) => !word.startsWith("--"));
    if (keyword === "ARG") {
      const [, name = "", value = ""] = /^([^=]+)(?:=(.*))?$/.exec(first) ?? [];
      known.set(name, buildArguments[name] ?? substitute(unquoted(value), known));
    } else if (keyword === "FROM") {
      take(first, line);
      if (as.toUpperCase() === "AS") stages.add(stage.toLowerCase());
    } else if (keyword === "COPY") {
      const source = words.find((word) => word.startsWith("--from="));
      if (source !== undefined) take(source.slice("--from=".length), line);
    }
  }
  return [...found.values()];
}

/** Instructions with their continuation lines joined; comments, also in the middle of one, left out. */
function instructionsOf(text: string): readonly Instruction[] {
  const found: Instruction[] = [];
  let pending: { text: string; line: number } | null = null;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const part = raw.trim();
    if (part === "" || part.startsWith("#")) continue;
    const isContinued = part.endsWith("\\");
    pending ??= { text: "", line: index + 1 };
    pending.text += ` ${isContinued ? part.slice(0, -1) : part}`;
    if (isContinued) continue;
    const [keyword = "", ...words] = pending.text.trim().split(/\s+/);
    found.push({ keyword: keyword.toUpperCase(), words, line: pending.line });
    pending = null;
  }
  return found;
}

/** `$NAME`, `${NAME}` and `${NAME:-default}`. */
function substitute(text: string, known: ReadonlyMap<string, string>): string {
  return text.replaceAll(
    /\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))/g,
    (_, braced: string | undefined, fallback: string | undefined, bare: string | undefined) => {
      const value = known.get(braced ?? bare ?? "");
      return value === undefined || value === "" ? (fallback ?? "") : value;
    },
  );
}

function unquoted(text: string): string {
  return /^(["'])(.*)\1$/.exec(text)?.[2] ?? text;
}
