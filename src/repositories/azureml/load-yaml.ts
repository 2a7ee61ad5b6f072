import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { Complaint, quote } from "../shared/complaint.ts";
import { decodeText } from "../shared/decode-text.ts";
import { isMissing } from "../shared/file-errors.ts";
import { displayPath } from "../shared/paths.ts";
import { isRecord, type PlainRecord } from "./plain.ts";
import { type FilledText, fillTemplates } from "./templates.ts";
import { type YamlPath, YamlText } from "./yaml-text.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

/** A YAML file that holds one mapping. */
export interface LoadedYaml {
  readonly yaml: YamlText;
  readonly mapping: PlainRecord;
  /** What its relative paths start from. */
  readonly folder: string;
}

export interface LoadOptions {
  readonly cwd: string;
  /** What templates stand for; null where they are none of ours, as in conda files. */
  readonly variables: Variables | null;
  /** Parts that are replaced anyway, so that a template in them needs no value. */
  readonly replaced?: readonly YamlPath[];
  readonly standardInput?: AsyncIterable<Uint8Array>;
}

/** What has no folder of its own: standard input, and the pipes that shells make of `<(…)`. */
const unplaced = /^(?:-|\/dev\/(?:stdin|fd\/\d+)|\/proc\/[^/]+\/fd\/\d+)$/;

/** Reads a YAML file, `-` for standard input. Throws Complaints: one for a file, or one for each missing variable. */
export async function loadYaml(file: string, options: LoadOptions): Promise<LoadedYaml> {
  const { cwd, variables } = options;
  const path = file === "-" ? file : resolve(cwd, file);
  const name = file === "-" ? "standard input" : displayPath(path, cwd);
  const original = await readWhole(path, name, options);
  const filled: FilledText =
    variables === null
      ? { text: original, missing: [], originalOffset: (offset) => offset }
      : fillTemplates(original, variables);
  const yaml = new YamlText(original, filled, name);
  checkMissing(yaml, filled, options.replaced ?? []);
  if (yaml.value === null || yaml.value === undefined) {
    throw new Complaint({ where: name, reason: "the file is empty" });
  }
  if (!isRecord(yaml.value)) {
    const reason = `expected a mapping, got ${quote(yaml.value)}`;
    throw new Complaint({ where: yaml.where([]), reason, hint: "Write it as lines of the form key: value." });
  }
  return { yaml, mapping: yaml.value, folder: unplaced.test(path) ? cwd : dirname(path) };
}

async function readWhole(path: string, name: string, { standardInput }: LoadOptions): Promise<string> {
  try {
    return decodeText(path === "-" ? await buffer(standardInput ?? process.stdin) : await readFile(path));
  } catch (error) {
    if (isMissing(error)) throw new Complaint({ where: name, reason: `there is no file ${quote(name)}` });
    const why = error instanceof Error ? error.message : String(error);
    throw new Complaint({ where: name, reason: `the file cannot be read: ${why}` });
  }
}

/** Variables without a value matter only where they are part of a key or value: comments may name whatever they like. */
function checkMissing(yaml: YamlText, { missing }: FilledText, replaced: readonly YamlPath[]): void {
  if (missing.length === 0) return;
  const scalars = [...yaml.scalars()].filter(
    ({ path }) => !replaced.some((above) => isAtOrBelow(path, above)),
  );
  const needed = missing.filter(({ offset }) =>
    scalars.some(({ start, end }) => start <= offset && offset < end),
  );
  const complaints = needed.map(
    ({ name, offset }) =>
      new Complaint({
        where: yaml.whereOffset(offset),
        reason: `the variable ${name} is not set`,
        hint: `Set it: export ${name}=VALUE, or --var ${name}=VALUE. A backslash before it keeps it as text.`,
      }),
  );
  if (complaints.length > 0) throw new Complaints(complaints);
}

function isAtOrBelow(path: YamlPath, above: YamlPath): boolean {
  return above.every((step, index) => String(path[index]) === String(step));
}

/** Several mistakes that were found together. */
export class Complaints extends Error {
  override readonly name = "Complaints";
  readonly all: readonly Complaint[];

  constructor(all: readonly Complaint[]) {
    super(all.map(({ message }) => message).join("\n"));
    this.all = all;
  }
}
