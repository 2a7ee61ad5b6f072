import type { z } from "zod";
import { keySeparator, remarkSchema } from "../../contracts/azureml/values.ts";
import { Complaint, quote } from "../shared/complaint.ts";
import { nearest } from "../shared/nearest.ts";
import { partAt } from "./plain.ts";
import type { YamlPath } from "./yaml-text.ts";

/** Where the parts of a document stand. */
export interface Places {
  readonly where: (path: YamlPath) => string;
  readonly whereKey: (path: YamlPath) => string;
}

type Issue = z.core.$ZodIssue;

/** What is wrong with a document, in words, with the place of each mistake. `document` is what was checked. */
export function complaintsOf(
  issues: readonly Issue[],
  document: unknown,
  places: Places,
): readonly Complaint[] {
  return issues.flatMap((issue) => explain(issue, [], { document, places }));
}

interface Context {
  readonly document: unknown;
  readonly places: Places;
}

function explain(issue: Issue, above: YamlPath, context: Context): readonly Complaint[] {
  const path = [...above, ...stepsOf(issue.path)];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey([...path, key], issue.message, context.places));
  }
  if (issue.code === "invalid_union") {
    const branch = issue.errors.find((candidate) => candidate.every(isAboutThePart));
    if (branch !== undefined) return branch.flatMap((inner) => explain(inner, path, context));
  }
  return [misfit(issue, path, context)];
}

/** Whether the value has the form that a branch of a union wants, and something in it is wrong. */
function isAboutThePart(issue: Issue): boolean {
  return issue.path.length > 0 || issue.code === "unrecognized_keys" || issue.code === "custom";
}

function unknownKey(path: YamlPath, known: string, places: Places): Complaint {
  const key = String(path.at(-1));
  const reason = `${labelOf(path)}: unknown key`;
  return new Complaint({ where: places.whereKey(path), reason, hint: adviceFor(key, known) });
}

function adviceFor(key: string, known: string): string {
  const keys = known.split(keySeparator);
  if (keys.includes("conda_file") && (key === "channels" || key === "dependencies"))
    return "This belongs into a conda file: put it there, and name the file as conda_file.";
  const meant = nearest(key, keys);
  return meant === undefined ? `Known keys: ${known}.` : `Did you mean ${quote(meant)}?`;
}

function misfit(issue: Issue, path: YamlPath, { document, places }: Context): Complaint {
  const value = partAt(document, path);
  const label = path.length === 0 ? "" : `${labelOf(path)}: `;
  const said = remarkSchema.safeParse(issue.code === "custom" ? issue.params : undefined);
  if (said.success) {
    const { reason, ...hint } = said.data;
    return new Complaint({ where: places.where(path), reason: label + reason, ...hint });
  }
  if (value === undefined) {
    const where = places.where(path.slice(0, -1));
    return new Complaint({ where, reason: `${labelOf(path)} is missing`, hint: `Add it: ${issue.message}.` });
  }
  const reason = `${label}expected ${issue.message}, got ${quote(value)}`;
  return new Complaint({ where: places.where(path), reason, ...hintFor(value, issue) });
}

function hintFor(value: unknown, issue: Issue): { readonly hint?: string } {
  if (value === null) return { hint: "Give the key a value, or remove it." };
  const isBare = typeof value === "number" || typeof value === "boolean";
  const wantsText = issue.code === "invalid_type" && issue.expected === "string";
  return isBare && wantsText ? { hint: `If ${String(value)} is meant as text, put it in quotes.` } : {};
}

/** A path as people write it: `a.b[0].c`. */
export function labelOf(path: YamlPath): string {
  return path
    .map((step, index) => (typeof step === "number" ? `[${String(step)}]` : index === 0 ? step : `.${step}`))
    .join("");
}

function stepsOf(path: readonly PropertyKey[]): YamlPath {
  return path.map((step) => (typeof step === "number" ? step : String(step)));
}
