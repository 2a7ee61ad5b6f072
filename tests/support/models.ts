import { readFileSync } from "node:fs";
import { cp, link, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { inject } from "vitest";
import { z } from "zod";
import { temporaryFolder, type TemporaryFolder } from "./folders.ts";
import { root } from "./paths.ts";

/** For servers of models that call functions of ours; with one worker, so that one of them can keep all others waiting. */
export const servedFunctions = {
  PYTHONPATH: join(root, "tests", "support", "python"),
  HOSTLER_WORKERS: "1",
} as const;

/** The first value of a row that ends the process of the model `fragile`. */
export const poison = 666;

const matrix = z.array(z.array(z.number()));
const answersSchema = z.object({
  rows: matrix,
  wideRows: matrix,
  answers: z.record(z.string(), z.record(z.string(), z.union([z.array(z.number()), matrix]))),
});

/** Rows, and what the models said of them in a Python process of their own. */
export type MadeAnswers = z.infer<typeof answersSchema>;

export function madeAnswers(): MadeAnswers {
  return answersSchema.parse(JSON.parse(readFileSync(join(inject("madeModels"), "answers.json"), "utf8")));
}

/** A folder to serve with these models in it, each in a folder of its name (`name` or `name@version`). */
export async function repositoryOf(...models: readonly string[]): Promise<TemporaryFolder> {
  const folder = await temporaryFolder();
  for (const model of models) await addModel(folder.path, model);
  return folder;
}

/** Copies a made model into a repository. Its weights are a link: whoever changes them must write a new file. */
export async function addModel(repository: string, model: string, as = model): Promise<void> {
  const [from, to] = [join(inject("madeModels"), model), join(repository, as)];
  await mkdir(to);
  for (const file of await readdir(from)) {
    const copy = file === "model-settings.json" ? cp : link;
    await copy(join(from, file), join(to, file));
  }
}
