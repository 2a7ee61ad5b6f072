import { isAbsolute } from "node:path";
import {
  type DocumentKind,
  type Override,
  type ReadDocument,
  readDocument,
} from "../../../repositories/azureml/index.ts";
import { keyValues } from "../edits/key-values.ts";
import { isObject, type JsonObject, type JsonValue } from "../output/json-value.ts";
import type { Session } from "../session.ts";
import { checkScript } from "./check-script.ts";

export interface DocumentFlags {
  readonly file: string | undefined;
  /** `KEY=VALUE` words of `create --set`. */
  readonly set?: readonly string[];
  /** `NAME=VALUE` words of `--var`. */
  readonly variables: readonly string[];
  readonly skipScriptValidation?: boolean;
}

/** Reads a YAML file, or nothing but flags; what flags say comes last and wins. */
export async function readSpecification<Kind extends DocumentKind>(
  kind: Kind,
  { file, set = [], variables, skipScriptValidation = false }: DocumentFlags,
  fromFlags: readonly Override[],
  { context }: Session,
): Promise<ReadDocument<Kind>> {
  const given = Object.fromEntries(keyValues("--set", variables).map(({ key, value }) => [key, value]));
  return await readDocument(kind, {
    file: file ?? null,
    overrides: [...keyValues("--set", set).map(({ key, value }) => ({ path: key, value })), ...fromFlags],
    variables: { ...context.environment, ...given },
    cwd: context.cwd,
    ...(skipScriptValidation ? {} : { checkScript: (path) => checkScript(path, context.environment) }),
  });
}

/** Checks something that is no file: what `show` prints, changed by `update`. What was set to null is gone. */
export async function readChanged<Kind extends DocumentKind>(
  kind: Kind,
  changed: JsonObject,
  { context }: Session,
  fromFlags: readonly Override[] = [],
): Promise<ReadDocument<Kind>> {
  const values = Object.entries(withoutNulls(changed)).map(([path, value]) => ({
    path,
    value,
    origin: path,
  }));
  return await readDocument(kind, {
    file: null,
    overrides: [...values, ...fromFlags],
    variables: context.environment,
    cwd: context.cwd,
  });
}

function withoutNulls(thing: JsonObject): JsonObject {
  const kept = Object.entries(thing).flatMap(([key, value]): [string, JsonValue][] =>
    value === null || value === undefined ? [] : [[key, isObject(value) ? withoutNulls(value) : value]],
  );
  return Object.fromEntries(kept);
}

/** A flag as an override, if it was given; `flag` is as `--name`. */
export function override(flag: string, path: string, value: unknown): readonly Override[] {
  return value === undefined ? [] : [{ path, value, origin: flag }];
}

/** Code is printed as a bare resource id, and read back as a reference. */
export function withCodeReference(view: JsonObject): JsonObject {
  const { code_configuration: configuration, ...rest } = view;
  if (!isObject(configuration)) return view;
  const { code } = configuration;
  const isId = typeof code === "string" && isAbsolute(code) && code.startsWith("/subscriptions/");
  return {
    ...rest,
    code_configuration: isId ? { ...configuration, code: `azureml:${code}` } : configuration,
  };
}
