/**
 * The rules of a `.dockerignore` file: one pattern a line, `#` comments, `!` takes back, the last rule that matches
 * decides, and a pattern that matches a folder matches what is in it.
 */
export class DockerIgnore {
  readonly #rules: readonly { readonly pattern: RegExp; readonly isExcluded: boolean }[];

  constructor(text: string) {
    this.#rules = text
      .replace(/^\uFEFF/, "")
      .split(/\r?\n/)
      .filter((line) => !line.startsWith("#") && line.trim() !== "")
      .map((line) => {
        const rule = line.trim();
        const isExcluded = !rule.startsWith("!");
        return { pattern: patternOf(isExcluded ? rule : rule.slice(1).trim()), isExcluded };
      });
  }

  /** Whether a file or folder is left out; `path` is relative to the context, with slashes. */
  excludes(path: string): boolean {
    let isExcluded = false;
    for (const rule of this.#rules) if (rule.pattern.test(path)) isExcluded = rule.isExcluded;
    return isExcluded;
  }

  /** Whether something below an excluded folder may be taken back: then its files have to be looked at. */
  get hasExceptions(): boolean {
    return this.#rules.some((rule) => !rule.isExcluded);
  }
}

/** `**` is any number of folders, `*` anything within one name, `?` one character of it. */
function patternOf(rule: string): RegExp {
  const parts = rule.split("/").filter((part) => part !== "" && part !== ".");
  let source = "^";
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    if (part === "**") source += isLast ? ".*" : "(?:.*/)?";
    else source += partPattern(part) + (isLast ? "" : "/");
  }
  return new RegExp(`${source}(?:/.*)?$`, "s");
}

function partPattern(part: string): string {
  return part.replaceAll(/\*+|\?|\[[^\]]+\]|\\.|[^*?[\\]+|[[\\]/g, (token) => {
    if (token.startsWith("*")) return token.length > 1 ? ".*" : "[^/]*";
    if (token === "?") return "[^/]";
    if (token.startsWith("[") && token.length > 1) return token;
    if (token.startsWith("\\") && token.length > 1) return escaped(token.slice(1));
    return escaped(token);
  });
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
}
