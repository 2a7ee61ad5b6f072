import { Complaint, quote } from "../shared/complaint.ts";
import { isRecord, type PlainRecord } from "./plain.ts";
import type { YamlPath } from "./yaml-text.ts";

/** A value that replaces one of the file's, or is added to it, before anything is checked. */
export interface Override {
  /** As `request_settings.request_timeout_ms` or `a.list[0].b`. */
  readonly path: string;
  /** A string where it comes from `--set`: fields make of it what they need. */
  readonly value: unknown;
  /** How messages name where it came from; `--set PATH` if left out. */
  readonly origin?: string;
}

/** An override whose path has been taken apart. */
export interface AppliedOverride {
  readonly path: YamlPath;
  readonly origin: string;
}

/** The document with a value put in, as pydash's `set_` does it: what is missing on the way is made. */
export function applyOverride(
  document: PlainRecord,
  override: Override,
): { readonly document: PlainRecord; readonly applied: AppliedOverride } {
  const origin = override.origin ?? `--set ${override.path}`;
  const path = stepsOf(override.path);
  if (path.length === 0) throw new Complaint({ where: origin, reason: "there is no name before the =" });
  const changed = put(document, path, override.value, origin);
  return { document: isRecord(changed) ? changed : document, applied: { path, origin } };
}

/** What an override replaces. */
export function pathOf({ path }: Override): YamlPath {
  return stepsOf(path);
}

/** `a.b[0].c` and `a.b.0.c`; a backslash keeps a dot in a name. */
function stepsOf(path: string): YamlPath {
  const steps: (string | number)[] = [];
  for (const found of path.matchAll(/\[(\d+)\]|((?:\\.|[^.[\]\\])+)/g)) {
    const [, index, name] = found;
    steps.push(index === undefined ? (name ?? "").replaceAll(/\\(.)/g, "$1") : Number(index));
  }
  return steps;
}

function put(target: unknown, [step, ...rest]: YamlPath, value: unknown, origin: string): unknown {
  if (step === undefined) return value;
  if (typeof target === "string") {
    const reason = `Cannot use '--set' on properties defined by reference strings: ${quote(target)}`;
    const hint = "Set the whole property, or write it as a mapping in the file.";
    throw new Complaint({ where: origin, reason, hint });
  }
  if (Array.isArray(target) || (typeof step === "number" && !isRecord(target))) {
    const items: readonly unknown[] = Array.isArray(target) ? target : [];
    return putIntoList(items, [step, ...rest], value, origin);
  }
  const record = isRecord(target) ? target : {};
  const key = String(step);
  return { ...record, [key]: put(Object.hasOwn(record, key) ? record[key] : undefined, rest, value, origin) };
}

/** An index past the end is as far as a list grows: one at a time. */
function putIntoList(
  items: readonly unknown[],
  [step, ...rest]: YamlPath,
  value: unknown,
  origin: string,
): unknown[] {
  const index = Number(step);
  if (!Number.isInteger(index) || index < 0 || index > items.length) {
    const reason = `${String(step)} is no index of a list of ${String(items.length)}`;
    throw new Complaint({ where: origin, reason });
  }
  return items.toSpliced(index, 1, put(items[index], rest, value, origin));
}
