import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Json } from "../../contracts/parameters.ts";
import { Complaint, quote } from "../shared/complaint.ts";
import { isMissing } from "../shared/file-errors.ts";
import { JsonDocument } from "../shared/json-document.ts";
import { isJsonObject } from "../shared/parse-json.ts";
import { displayPath } from "../shared/paths.ts";

/** A JSON file that holds one object. */
export interface SettingsFile {
  readonly document: JsonDocument;
  readonly object: Readonly<Record<string, Json>>;
}

/** The `settings.json` of a folder; null where it has none. */
export async function readSettingsFile(folder: string, cwd: string): Promise<SettingsFile | null> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) {
    const hint = "Name the folder that holds the models.";
    const shown = displayPath(folder, cwd);
    throw new Complaint({ where: shown, reason: `There is no folder ${quote(shown)}.`, hint });
  }
  const path = join(folder, "settings.json");
  try {
    return parseSettingsFile(await readFile(path, "utf8"), displayPath(path, cwd));
  } catch (error) {
    if (isMissing(error)) return null;
    if (error instanceof Complaint) throw error;
    const reason = `settings.json cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    throw new Complaint({ where: displayPath(path, cwd), reason });
  }
}

/** `name` is how messages name the file. */
export function parseSettingsFile(text: string, name: string): SettingsFile {
  const document = new JsonDocument(text, name);
  const { value } = document;
  if (isJsonObject(value)) return { document, object: value };
  throw new Complaint({ where: document.whereValue([]), reason: `expected an object, got ${quote(value)}` });
}
