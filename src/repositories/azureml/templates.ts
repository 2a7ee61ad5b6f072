/** A text whose templates have been filled in. */
export interface FilledText {
  readonly text: string;
  /** Templates without a value: a word of the same name stands in for each. */
  readonly missing: readonly MissingVariable[];
  /** Where an offset of the filled text lies in the original. */
  readonly originalOffset: (offset: number) => number;
}

interface MissingVariable {
  readonly name: string;
  /** Offset of the word that stands in, in the filled text. */
  readonly offset: number;
}

/** A replaced stretch: offsets of its end in both texts, and of its start in the original. */
interface Replacement {
  readonly filledStart: number;
  readonly filledEnd: number;
  readonly start: number;
  readonly end: number;
}

/**
 * `${{…}}` first, because Azure's own expressions stay as they are; then `${NAME}`, `${NAME:-default}` and `{{NAME}}`,
 * each with a backslash before it where the text itself is meant.
 */
const template =
  /\$\{\{[\s\S]*?\}\}|\\?\$\{([A-Za-z_]\w*)(?::-([^}\n]*))?\}|\\?\{\{[ \t]*([A-Za-z_]\w*)[ \t]*\}\}/g;

/** Puts the values of variables where a text names them. */
export function fillTemplates(
  text: string,
  variables: Readonly<Record<string, string | undefined>>,
): FilledText {
  const missing: MissingVariable[] = [];
  const replacements: Replacement[] = [];
  const parts: string[] = [];
  let end = 0;
  let length = 0;
  const push = (part: string): void => {
    parts.push(part);
    length += part.length;
  };
  for (const found of text.matchAll(template)) {
    const [whole, dollarName, otherwise, braceName] = found;
    const name = dollarName ?? braceName;
    if (name === undefined) continue;
    push(text.slice(end, found.index));
    end = found.index + whole.length;
    const filledStart = length;
    const value = whole.startsWith("\\") ? whole.slice(1) : (valueOf(name, variables) ?? otherwise);
    if (value === undefined) missing.push({ name, offset: length });
    push(value ?? name);
    replacements.push({ filledStart, filledEnd: length, start: found.index, end });
  }
  push(text.slice(end));
  return { text: parts.join(""), missing, originalOffset: (offset) => originalOffset(offset, replacements) };
}

function valueOf(name: string, variables: Readonly<Record<string, string | undefined>>): string | undefined {
  return Object.hasOwn(variables, name) ? variables[name] : undefined;
}

function originalOffset(offset: number, replacements: readonly Replacement[]): number {
  const last = replacements.findLast(({ filledStart }) => filledStart <= offset);
  if (last === undefined) return offset;
  return offset < last.filledEnd ? last.start : last.end + (offset - last.filledEnd);
}
