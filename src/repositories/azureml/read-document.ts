import { resolve } from "node:path";
import { ServingError } from "../../contracts/serving-error.ts";
import { Complaint } from "../shared/complaint.ts";
import type { CheckScript } from "./check-script.ts";
import { readers } from "./readers.ts";
import type { DocumentKind, ReadDocument } from "./documents.ts";
import { Draft, type Mount } from "./draft.ts";
import { Complaints, type LoadedYaml, loadYaml, type Variables } from "./load-yaml.ts";
import { type AppliedOverride, applyOverride, type Override, pathOf } from "./overrides.ts";
import type { PlainRecord } from "./plain.ts";

export interface ReadOptions {
  /** A path, `-` for standard input, or null where there is none and the overrides say everything. */
  readonly file: string | null;
  readonly overrides?: readonly Override[];
  /** What `${NAME}` and `{{NAME}}` stand for. */
  readonly variables: Variables;
  readonly cwd: string;
  /** Asked about scoring scripts that end in .py. */
  readonly checkScript?: CheckScript;
  readonly standardInput?: AsyncIterable<Uint8Array>;
}

/**
 * Reads a YAML document as azure-ai-ml does. Fails with an INVALID_DOCUMENT that has everything that is wrong, each with
 * its place.
 */
export async function readDocument<Kind extends DocumentKind>(
  kind: Kind,
  options: ReadOptions,
): Promise<ReadDocument<Kind>> {
  try {
    const draft = await draftOf(kind, options);
    const document = await readers[kind](draft, options.checkScript);
    draft.throwComplaints();
    return { kind, document, where: (path) => draft.where(path) };
  } catch (error) {
    throw documentError(error);
  }
}

async function draftOf(kind: DocumentKind, options: ReadOptions): Promise<Draft> {
  const { file, overrides = [], cwd } = options;
  const replaced = overrides.map(pathOf);
  const main = file === null ? null : await loadYaml(file, { ...options, replaced });
  const applied: AppliedOverride[] = [];
  let mapping: PlainRecord = main?.mapping ?? {};
  for (const override of overrides) {
    const changed = applyOverride(mapping, override);
    mapping = changed.document;
    applied.push(changed.applied);
  }
  const mounts = kind === "online-deployment" ? await environmentFile(mapping, main, options) : [];
  for (const { path, yaml } of mounts) mapping = { ...mapping, [path.join(".")]: yaml.mapping };
  return new Draft({ mapping, main, overrides: applied, mounts, cwd });
}

/** `environment: file:./env.yml`, as a mapping with places of its own. */
async function environmentFile(
  mapping: PlainRecord,
  main: LoadedYaml | null,
  options: ReadOptions,
): Promise<readonly Mount[]> {
  const { environment } = mapping;
  if (typeof environment !== "string" || !environment.startsWith("file:")) return [];
  const file = resolve(main?.folder ?? options.cwd, environment.slice("file:".length));
  const { cwd, variables } = options;
  return [{ path: ["environment"], yaml: await loadYaml(file, { cwd, variables }) }];
}

/** All mistakes as one error, in the order of the file; anything that is no mistake of the author's goes on. */
function documentError(error: unknown): unknown {
  const complaints = error instanceof Complaints ? error.all : error instanceof Complaint ? [error] : [];
  const [first, ...others] = complaints;
  if (first === undefined) return error;
  const cause = { cause: error };
  if (others.length === 0) {
    const { where, reason, hint } = first;
    const details = { where, ...(hint === undefined ? {} : { hint }) };
    return new ServingError("INVALID_DOCUMENT", reason, details, cause);
  }
  const lines = complaints
    .toSorted((a, b) => byPlace.compare(a.where, b.where))
    .map(({ message, hint }) => `\n- ${message}${hint === undefined ? "" : ` (${hint})`}`);
  const message = `${String(lines.length)} mistakes:${lines.join("")}`;
  return new ServingError("INVALID_DOCUMENT", message, {}, cause);
}

/** Line 9 comes before line 10. */
const byPlace = new Intl.Collator("en", { numeric: true });
