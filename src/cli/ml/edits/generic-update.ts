import { MlError } from "../ml-error.ts";
import { isList, isObject, type JsonObject, type JsonValue, toJson } from "../output/json-value.ts";
import { parsePath, pathText, splitAssignment, type Step } from "./path.ts";

/** What `update` was told, in the order in which it is done. */
export interface Edits {
  readonly set: readonly (readonly string[])[];
  readonly add: readonly (readonly string[])[];
  readonly remove: readonly (readonly string[])[];
  /** Values are texts; otherwise they are JSON where they can be. */
  readonly forceString: boolean;
}

export function hasEdits({ set, add, remove }: Edits): boolean {
  return set.length + add.length + remove.length > 0;
}

/** The generic update of Azure's command line: returns the thing as it is to be. */
export function applyEdits(thing: JsonObject, edits: Edits): JsonObject {
  const valueOf = (text: string): JsonValue => (edits.forceString ? text : jsonOrText(text));
  let edited: JsonValue = thing;
  for (const expression of edits.set.flat()) edited = setValue(edited, expression, valueOf);
  for (const words of edits.add) edited = addToList(edited, words, valueOf);
  for (const words of edits.remove) edited = removeValue(edited, words);
  if (isObject(edited)) return edited;
  throw new MlError("--set, --add and --remove left nothing that could be an object.");
}

type ValueOf = (text: string) => JsonValue;

function setValue(thing: JsonValue, expression: string, valueOf: ValueOf): JsonValue {
  const [path, text] = splitAssignment(expression) ?? [];
  if (path === undefined || text === undefined) {
    throw new MlError("usage error: --set KEY=VALUE [KEY=VALUE ...]", {
      hint: `${JSON.stringify(expression)} has no key, or no equals sign.`,
    });
  }
  return changed(thing, parsePath(path), [], () => valueOf(text));
}

/** Pairs that follow each other make one object; everything else is an item of its own. */
function addToList(thing: JsonValue, [path = "", ...words]: readonly string[], valueOf: ValueOf): JsonValue {
  const items: JsonValue[] = [];
  let pairs: Record<string, string> = {};
  const flush = (): void => {
    if (Object.keys(pairs).length > 0) items.push(pairs);
    pairs = {};
  };
  for (const word of words) {
    const pair = /^([^={["]+)=(.*)$/s.exec(word);
    if (pair === null) {
      flush();
      items.push(valueOf(word));
    } else {
      pairs[pair[1] ?? ""] = pair[2] ?? "";
    }
  }
  flush();
  return changed(thing, parsePath(path), [], (list) => {
    if (list === undefined || list === null) return items;
    if (isList(list)) return [...list, ...items];
    throw new MlError(`--add: '${path}' is not a list.`);
  });
}

function removeValue(thing: JsonValue, [path = "", index]: readonly string[]): JsonValue {
  const steps = parsePath(path);
  const at: readonly Step[] =
    index === undefined ? [] : [{ kind: "index", index: Number.parseInt(index, 10) }];
  return changed(thing, [...steps, ...at], [], (value) => {
    if (value === undefined) throw new MlError(`--remove: there is no '${path}'.`);
    return undefined;
  });
}

/** A copy in which what the steps lead to is another value, or gone. */
function changed(
  value: JsonValue,
  [step, ...rest]: readonly Step[],
  taken: readonly Step[],
  change: (value: JsonValue | undefined) => JsonValue | undefined,
): JsonValue {
  if (step === undefined) throw new MlError("usage error: Empty key.");
  const next = (inner: JsonValue | undefined): JsonValue | undefined => {
    // What is on the way to a value and is missing is made.
    const isOnTheWay = rest.length > 0;
    return isOnTheWay ? changed(inner ?? {}, rest, [...taken, step], change) : change(inner);
  };
  if (step.kind === "key") {
    if (!isObject(value)) throw cannotEnter(value, step, taken);
    return withKey(value, step.key, next(value[step.key]));
  }
  if (!isList(value)) throw cannotEnter(value, step, taken);
  const index = step.kind === "index" ? inRange(value, step.index, taken) : indexOfItem(value, step, taken);
  const replaced = next(value[index]);
  return value.flatMap((item, at) => (at !== index ? [item] : replaced === undefined ? [] : [replaced]));
}

function withKey(thing: JsonObject, key: string, value: JsonValue | undefined): JsonObject {
  const others = Object.entries(thing).filter(([other]) => other !== key);
  return Object.fromEntries(value === undefined ? others : [...others, [key, value]]);
}

function inRange(list: readonly JsonValue[], index: number, taken: readonly Step[]): number {
  const place = index < 0 ? list.length + index : index;
  if (place in list) return place;
  throw new MlError(`index ${String(index)} doesn't exist on ${pathText(taken)}`);
}

function indexOfItem(
  list: readonly JsonValue[],
  { key, value }: Extract<Step, { kind: "item" }>,
  taken: readonly Step[],
): number {
  const matches = list.flatMap((item, index) =>
    isObject(item) && textOf(item[key]) === value ? [index] : [],
  );
  const [first] = matches;
  if (matches.length === 1 && first !== undefined) return first;
  const where = pathText(taken);
  throw new MlError(
    matches.length === 0
      ? `item with value '${value}' doesn't exist for key '${key}' on ${where}`
      : `non-unique key '${key}' found multiple matches on ${where}. Key must be unique.`,
  );
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}

function cannotEnter(value: JsonValue, step: Step, taken: readonly Step[]): MlError {
  const parent = pathText(taken);
  const message = `Couldn't find '${pathText([step])}' in '${parent}'.`;
  if (isObject(value))
    return new MlError(`${message} Available options: ${Object.keys(value).sort().join(", ")}`);
  if (isList(value)) {
    return new MlError(`${message} Index into the collection '${parent}' with [<index>] or [<key=value>].`);
  }
  return new MlError(`${message} '${parent}' does not support further indexing.`);
}

/** JSON, or one of Python's words for true, false and nothing, or else the text itself. */
function jsonOrText(text: string): JsonValue {
  const fromPython = new Map<string, JsonValue>([
    ["True", true],
    ["False", false],
    ["None", null],
  ]).get(text);
  if (fromPython !== undefined) return fromPython;
  try {
    return toJson(JSON.parse(text));
  } catch {
    return text;
  }
}
