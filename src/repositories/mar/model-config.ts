import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ArchivedSettings } from "../../core/ports/model-archives.ts";
import { isMissing } from "../shared/file-errors.ts";

const usualName = "model-config.yaml";
/** No list of settings refers to itself more often. */
const mostAliases = 16;

const workers = z.int().min(0).max(10_000);
const schema = z.object({
  minWorkers: workers.optional(),
  maxWorkers: workers.min(1).optional(),
  batchSize: z.int().min(1).max(100_000).optional(),
  /** Milliseconds. */
  maxBatchDelay: z.int().min(0).max(86_400_000).optional(),
  /** Seconds. */
  responseTimeout: z.int().min(1).max(86_400).optional(),
  /** Seconds. */
  startupTimeout: z.int().min(0).max(86_400).optional(),
});

/**
 * What an archive asks for itself: TorchServe's `model-config.yaml`, of which the numbers of workers and batches count
 * here; a handler reads the rest itself. Empty where there is none.
 *
 * @param name as the manifest names it; null for the usual one
 * @throws ServingError INVALID_DOCUMENT with the file and the key
 */
export async function readModelConfig(folder: string, name: string | null): Promise<ArchivedSettings> {
  const path = join(folder, name ?? usualName);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    // One that the manifest names has to be there.
    if (isMissing(error) && name === null) return {};
    const { message } = ServingError.from(error);
    throw new ServingError("INVALID_DOCUMENT", `The model's configuration cannot be read: ${message}`, {
      where: path,
    });
  }
  return settingsOf(text, path);
}

function settingsOf(text: string, path: string): ArchivedSettings {
  const read = schema.safeParse(documentIn(text, path));
  if (!read.success) {
    const [issue] = read.error.issues;
    const field = issue?.path.join(".") ?? "";
    const message = `${field === "" ? "The file" : field}: ${issue?.message ?? "wrong"}`;
    throw new ServingError("INVALID_DOCUMENT", message, { field, where: path });
  }
  const { minWorkers = 0, maxWorkers = minWorkers } = read.data;
  if (maxWorkers < minWorkers) {
    throw new ServingError("INVALID_DOCUMENT", "maxWorkers: expected minWorkers or more.", {
      field: "maxWorkers",
      expected: `at least ${String(minWorkers)}`,
      got: String(maxWorkers),
      where: path,
    });
  }
  return inOurUnits(read.data);
}

function documentIn(text: string, path: string): unknown {
  try {
    return parse(text, { schema: "core", maxAliasCount: mostAliases }) ?? {};
  } catch (error) {
    const { message } = ServingError.from(error);
    throw new ServingError("INVALID_DOCUMENT", `The model's configuration is no YAML: ${message}`, {
      where: path,
    });
  }
}

/** What is said, and nothing for what is not. */
function inOurUnits(said: z.infer<typeof schema>): ArchivedSettings {
  const { minWorkers, maxWorkers, batchSize, maxBatchDelay, responseTimeout, startupTimeout } = said;
  return {
    ...(minWorkers === undefined ? {} : { minWorkers }),
    ...(maxWorkers === undefined ? {} : { maxWorkers }),
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(maxBatchDelay === undefined ? {} : { maxBatchDelayMs: maxBatchDelay }),
    ...(responseTimeout === undefined ? {} : { responseTimeoutMs: responseTimeout * 1000 }),
    ...(startupTimeout === undefined ? {} : { startupTimeoutMs: startupTimeout * 1000 }),
  };
}
