import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import { Complaint } from "../shared/complaint.ts";
import type { FilledText } from "./templates.ts";
import { pythonTags, YamlFloat } from "./yaml-tags.ts";

/** Keys and indices from the top of a document to a part of it. */
export type YamlPath = readonly (string | number)[];

/** Offsets of a part, and of its key where it has one. */
interface Place {
  readonly key: number;
  readonly value: number;
}

/** A piece of text in a document that is a key or a value. */
export interface YamlScalar {
  readonly path: YamlPath;
  readonly start: number;
  readonly end: number;
}

/** No document nests this deep; it keeps a hostile one from exhausting the stack. */
const deepest = 100;

/** A YAML text as PyYAML's safe_load reads it, with the places of its parts. */
export class YamlText {
  readonly value: unknown;
  readonly #document: Document.Parsed;
  readonly #filled: FilledText;
  readonly #name: string;
  readonly #original: string;

  /** `name` is how messages name the file. Throws a Complaint for what is not YAML. */
  constructor(original: string, filled: FilledText, name: string) {
    this.#original = original;
    this.#filled = filled;
    this.#name = name;
    this.#document = this.#parse();
    this.value = this.#plain();
  }

  /** `file:line:column` of a value, or of the nearest part around it that is there. */
  where(path: YamlPath): string {
    return this.whereOffset(this.#find(path).value);
  }

  /** The same of a value's key. */
  whereKey(path: YamlPath): string {
    return this.whereOffset(this.#find(path).key);
  }

  /** The same of an offset in the filled text. */
  whereOffset(offset: number): string {
    const before = this.#original.slice(0, this.#filled.originalOffset(offset));
    const line = before.split("\n").length;
    const column = before.length - before.lastIndexOf("\n");
    return `${this.#name}:${String(line)}:${String(column)}`;
  }

  /** All keys and values that are no collections. */
  *scalars(): Generator<YamlScalar> {
    yield* scalarsBelow(this.#document.contents, []);
  }

  #parse(): Document.Parsed {
    try {
      const document = parseDocument(this.#filled.text, {
        version: "1.1",
        customTags: pythonTags,
        merge: true,
        uniqueKeys: false,
        prettyErrors: false,
      });
      const [mistake] = [...document.errors, ...document.warnings];
      if (mistake === undefined) return document;
      const where = this.whereOffset(mistake.pos[0]);
      throw new Complaint({ where, reason: reasonOf(mistake) });
    } catch (error) {
      throw this.#complaintOf(error);
    }
  }

  #plain(): unknown {
    try {
      return settle(this.#document.toJS(), []);
    } catch (error) {
      throw this.#complaintOf(error);
    }
  }

  /** The library throws plain errors for endless aliases and for nesting that exhausts the stack. */
  #complaintOf(error: unknown): Complaint {
    if (error instanceof Complaint) return error;
    const reason = error instanceof Error ? firstLine(error.message) : String(error);
    return new Complaint({ where: this.#name, reason: `not usable as YAML: ${reason}` });
  }

  #find(path: YamlPath): Place {
    const top = this.#document.contents;
    let node: unknown = top;
    let place: Place = { key: top?.range[0] ?? 0, value: top?.range[0] ?? 0 };
    for (const step of path) {
      const found = stepInto(this.#document, node, step);
      if (found === undefined) return place;
      node = found.node;
      place = {
        key: found.key ?? startOf(node) ?? place.key,
        value: startOf(node) ?? found.key ?? place.value,
      };
    }
    return place;
  }
}

interface Step {
  readonly node: unknown;
  readonly key: number | undefined;
}

function stepInto(document: Document.Parsed, parent: unknown, step: string | number): Step | undefined {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (isSeq(node)) {
    const item = typeof step === "number" ? node.items[step] : undefined;
    return item === undefined ? undefined : { node: item, key: undefined };
  }
  return isMap(node) ? keyIn(document, node, String(step)) : undefined;
}

/** The last of equal keys counts; keys of the mapping itself go before merged ones. */
function keyIn(document: Document.Parsed, map: YAMLMap, name: string): Step | undefined {
  const own = map.items.findLast(({ key }) => isScalar(key) && textOf(key.value) === name);
  if (own !== undefined) return { node: own.value, key: startOf(own.key) };
  for (const { key, value } of map.items) {
    if (!isScalar(key) || typeof key.value !== "symbol") continue;
    const sources: readonly unknown[] = isSeq(value) ? value.items : [value];
    for (const source of sources) {
      const found = stepInto(document, source, name);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function* scalarsBelow(node: unknown, path: YamlPath): Generator<YamlScalar> {
  if (isScalar(node)) {
    const [start, end] = node.range ?? [0, 0];
    yield { path, start, end };
  } else if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) yield* scalarsBelow(item, [...path, index]);
  } else if (isMap(node)) {
    for (const { key, value } of node.items) {
      const below = [...path, isScalar(key) ? textOf(key.value) : ""];
      yield* scalarsBelow(key, below);
      yield* scalarsBelow(value, below);
    }
  }
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** A key as the property name that it becomes. */
function textOf(key: unknown): string {
  return key instanceof YamlFloat ? key.text : String(key);
}

/** Where a number becomes text, it has to be the text that Python makes of it. */
function wantsText(path: YamlPath): boolean {
  const [last, parent] = [path.at(-1), path.at(-2)];
  return (
    last === "version" || parent === "tags" || parent === "properties" || parent === "environment_variables"
  );
}

/** Plain values of what the library made. */
function settle(value: unknown, path: YamlPath): unknown {
  if (path.length > deepest) throw new Error(`nested more than ${String(deepest)} deep`);
  if (value instanceof YamlFloat) return wantsText(path) ? value.text : value.value;
  if (Array.isArray(value)) return value.map((item: unknown, index) => settle(item, [...path, index]));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [
    key,
    settle(item, [...path, key]),
  ]);
  return Object.fromEntries(entries);
}

function reasonOf({ code, message }: YAMLError): string {
  return code === "MULTIPLE_DOCS"
    ? "a second document starts here: one file, one document"
    : `not YAML: ${firstLine(message)}`;
}

function firstLine(text: string): string {
  return text.split("\n", 1).join("");
}
