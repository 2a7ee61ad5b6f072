import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { z } from "zod";
import { pythonProgram } from "../../shared/python-program.ts";
import { runTool, runToolOrFail, type ToolOptions } from "../tool.ts";

/** What an interpreter has of a list of requirements. */
export interface RequirementCheck {
  /** As `3.11`. */
  readonly python: string;
  readonly executable: string;
  /** Where its packages lie. */
  readonly folders: readonly string[];
  /** pip's version; null where there is none. */
  readonly pip: string | null;
  readonly unmet: readonly { readonly requirement: string; readonly installed: string | null }[];
}

const checkSchema = z.object({
  python: z.string(),
  executable: z.string(),
  folders: z.array(z.string()),
  pip: z.string().nullable(),
  unmet: z.array(z.object({ requirement: z.string(), installed: z.string().nullable() })),
});

/** Asks an interpreter which of these requirements it does not meet. */
export async function checkRequirements(
  interpreter: string,
  requirements: readonly string[],
  options: ToolOptions,
): Promise<RequirementCheck> {
  const program = pythonProgram("check_requirements.py");
  const what = `${interpreter} could not say which packages it has`;
  const { output } = await runToolOrFail([interpreter, program, JSON.stringify(requirements)], {
    ...options,
    what,
  });
  return checkSchema.parse(JSON.parse(output));
}

/** `python3.10` on PATH, if it is really there: version managers put one there that only says that it is not. */
export async function findPython(version: string, options: ToolOptions): Promise<string | null> {
  const path = onPath(`python${version}`, options.variables);
  if (path === null) return null;
  const program = "import sys; print('%d.%d' % sys.version_info[:2])";
  const { code, output } = await runTool([path, "-I", "-c", program], options);
  return code === 0 && output.trim() === version ? path : null;
}

/** Absolute path of a program on PATH; null where there is none. */
export function onPath(
  program: string,
  variables: Readonly<Record<string, string | undefined>>,
): string | null {
  for (const folder of (variables["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not there.
    }
  }
  return null;
}
