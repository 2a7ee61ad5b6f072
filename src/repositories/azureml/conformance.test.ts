import { readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import type { AzureReference, VersionChoice } from "../../contracts/azureml/references.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Documents } from "./documents.ts";
import { readDocument } from "./read-document.ts";

/*
 * What azure-ai-ml says of the documents in conformance/azureml, and what we say. Every difference is listed there, with
 * the reason.
 */

const folder = resolve(import.meta.dirname, "../../../conformance/azureml");
const files = join(folder, "files");
const base = "name: blue\nendpoint_name: my-endpoint\ninstance_type: Standard_DS3_v2\n";

const caseSchema = z.strictObject({
  name: z.string(),
  kind: z.enum(["online-endpoint", "online-deployment", "model", "environment"]),
  base: z.boolean().default(false),
  set: z.array(z.tuple([z.string(), z.string()])).default([]),
  text: z.string(),
});
type Case = z.infer<typeof caseSchema>;

const answerSchema = z.discriminatedUnion("accepted", [
  z.object({ accepted: z.literal(true), normal: z.record(z.string(), z.unknown()) }),
  z.object({ accepted: z.literal(false), says: z.string() }),
]);
const goldenSchema = z.object({ "azure-ai-ml": z.string(), answers: z.record(z.string(), answerSchema) });

const differenceSchema = z.object({
  reasons: z.record(z.string(), z.string()),
  cases: z.record(
    z.string(),
    z.object({
      reason: z.string(),
      /** What we say: of what we refuse a part of the message, of what we take the normal form. */
      refuses: z.string().optional(),
      takes: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
});

const cases = z.array(caseSchema).parse(parse(await readText("cases.yaml")));
const { answers } = goldenSchema.parse(JSON.parse(await readText("goldens.json")));
const differences = differenceSchema.parse(JSON.parse(await readText("differences.json")));

describe("documents that azure-ai-ml was asked about", () => {
  it("are many, each with an answer", () => {
    expect(cases.length).toBeGreaterThanOrEqual(80);
    expect(cases.map(({ name }) => name).toSorted()).toEqual(Object.keys(answers).toSorted());
  });

  it.each(cases)("$name", async (example) => {
    const answer = answers[example.name];
    const difference = differences.cases[example.name];
    const ours = await ask(example);
    if (difference?.takes !== undefined) expect(ours).toEqual({ accepted: true, normal: difference.takes });
    else if (difference?.refuses !== undefined)
      expect(ours.accepted ? "taken" : ours.says).toContain(difference.refuses);
    else if (answer?.accepted === true) expect(ours).toEqual({ accepted: true, normal: answer.normal });
    else expect(ours).toMatchObject({ accepted: false });
  });
});

describe("differences", () => {
  it.each(Object.entries(differences.cases))("%s is one, and has a reason", async (name, { reason }) => {
    expect(Object.keys(differences.reasons)).toContain(reason);
    const example = cases.find((candidate) => candidate.name === name);
    expect(example).toBeDefined();
    if (example === undefined) return;
    const [ours, theirs] = [await ask(example), answers[name]];
    if (ours.accepted && theirs?.accepted === true) expect(ours.normal).not.toEqual(theirs.normal);
    else expect(ours.accepted).not.toBe(theirs?.accepted);
  });

  it("have no reason that nothing needs", () => {
    const used = new Set(Object.values(differences.cases).map(({ reason }) => reason));
    expect([...used].toSorted()).toEqual(Object.keys(differences.reasons).toSorted());
  });
});

type Answer = z.infer<typeof answerSchema>;

async function ask({ kind, base: isBased, set, text }: Case): Promise<Answer> {
  try {
    const { document } = await readDocument(kind, {
      file: "-",
      standardInput: Readable.from([Buffer.from((isBased ? base : "") + text)]),
      overrides: set.map(([path, value]) => ({ path, value })),
      variables: { ENDPOINT_NAME: "named-by-variable" },
      cwd: files,
    });
    return { accepted: true, normal: normalOf(kind, document) };
  } catch (error) {
    if (!(error instanceof ServingError)) throw error;
    expect(error.code).toBe("INVALID_DOCUMENT");
    expect(error.details.where ?? error.message).toMatch(/standard input|env\/|--set/);
    return { accepted: false, says: error.message };
  }
}

/** Keys that are taken and have no effect; azure-ai-ml forgets them, or we do not compare them. */
const forgotten = [
  "id",
  "kind",
  "location",
  "scoring_uri",
  "openapi_uri",
  "provisioning_state",
  "private_network_connection",
  "flavors",
];

/** Our normal form in azure-ai-ml's words, with what it fills in. */
function normalOf(kind: Case["kind"], document: Documents[Case["kind"]]): Record<string, unknown> {
  const shown = mappingSchema.parse(inAzuresWords(document));
  switch (kind) {
    case "online-endpoint":
      return { auth_mode: "key", ...shown };
    case "model":
      return { type: "custom_model", ...shown };
    case "environment":
      return shown;
    case "online-deployment": {
      const others = Object.entries(shown).filter(([key]) => key !== "type");
      return { app_insights_enabled: false, ...Object.fromEntries(others) };
    }
  }
}

function inAzuresWords(value: unknown): unknown {
  if (typeof value === "string") {
    if (value === files) return ".";
    return value.startsWith(`${files}/`) ? relative(files, value) : value;
  }
  if (Array.isArray(value)) return value.map(inAzuresWords);
  const part = partSchema.safeParse(value);
  if (part.success) return inAzuresWordsOfPart(part.data);
  const mapping = mappingSchema.safeParse(value);
  if (!mapping.success) return value;
  const entries = Object.entries(mapping.data).filter(([key]) => !forgotten.includes(key));
  return Object.fromEntries(
    entries.map(([key, item]) => [key === "conda" ? "conda_file" : key, inAzuresWords(item)]),
  );
}

const mappingSchema = z.record(z.string(), z.unknown());
const partSchema = z.union([
  z.object({ kind: z.literal("reference"), reference: z.custom<AzureReference>() }),
  z.object({ kind: z.literal("inline"), model: mappingSchema }),
  z.object({ kind: z.literal("inline"), environment: mappingSchema }),
  z.object({ kind: z.literal("folder"), path: z.string() }),
]);

function inAzuresWordsOfPart(part: z.infer<typeof partSchema>): unknown {
  if (part.kind === "reference") return textOf(part.reference);
  if (part.kind === "folder") return inAzuresWords(part.path);
  if ("model" in part) return inAzuresWords({ type: "custom_model", ...part.model });
  return inAzuresWords(part.environment);
}

function textOf(reference: AzureReference): string {
  const { name, at } = reference;
  if (reference.scope === "workspace") {
    if (at.kind === "default") return name;
    return at.kind === "version" ? `${name}:${at.version}` : `${name}@${at.label}`;
  }
  const asset = `${reference.type}/${name}${suffixOf(at)}`;
  if (reference.scope === "registry") return `azureml://registries/${reference.registry}/${asset}`;
  const { subscription, resourceGroup, workspace } = reference;
  const provider = "providers/Microsoft.MachineLearningServices";
  return `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/${provider}/workspaces/${workspace}/${asset}`;
}

function suffixOf(at: VersionChoice): string {
  if (at.kind === "default") return "";
  return at.kind === "version" ? `/versions/${at.version}` : `/labels/${at.label}`;
}

function readText(name: string): Promise<string> {
  return readFile(join(folder, name), "utf8");
}
