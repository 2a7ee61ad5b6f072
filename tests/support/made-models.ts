import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { temporaryFolder } from "./folders.ts";
import { pythonInterpreter, root } from "./paths.ts";
import { runOrFail } from "./run.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The folder that make_models.py filled; the same for all files of a run. */
    madeModels: string;
  }
}

/** Trains the models of the integration tests, once a run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await temporaryFolder();
  try {
    const script = join(root, "tests", "support", "make_models.py");
    await runOrFail([pythonInterpreter(), "-B", script, folder.path]);
  } catch (error) {
    await folder.remove();
    throw error;
  }
  project.provide("madeModels", folder.path);
  return folder.remove;
}
