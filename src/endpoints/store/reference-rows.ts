import { z } from "zod";
import type { AssetKind } from "../../contracts/control/assets.ts";
import type { AssetTarget } from "../records.ts";
import type { Database } from "./database.ts";

const column = z.string().nullable();
const rowSchema = z.object({
  model: column,
  model_version: column,
  environment: column,
  environment_version: column,
  code: column,
  code_version: column,
});

const everySpec = `
  SELECT spec FROM deployments
  UNION ALL SELECT serving FROM deployments WHERE serving IS NOT NULL
  UNION ALL SELECT entry.value FROM revisions, json_each(revisions.snapshot, '$.deployments') AS entry`;

/** The assets that deployments name, those that run and those of any revision that could be gone back to. */
export class ReferenceRows {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Tells of each asset whether something names it; as things are now, and looked up once. */
  snapshot(): (kind: AssetKind, target: AssetTarget) => boolean {
    const sql = `SELECT DISTINCT
        spec ->> '$.model.name' AS model, spec ->> '$.model.version' AS model_version,
        spec ->> '$.environment.name' AS environment, spec ->> '$.environment.version' AS environment_version,
        spec ->> '$.code_configuration.code.name' AS code,
        spec ->> '$.code_configuration.code.version' AS code_version
      FROM (${everySpec})`;
    const named = new Set<string>();
    for (const value of this.#database.all(sql)) {
      const row = rowSchema.parse(value);
      named.add(keyOf("models", row.model, row.model_version));
      named.add(keyOf("environments", row.environment, row.environment_version));
      named.add(keyOf("codes", row.code, row.code_version));
    }
    return (kind, { name, version }) => named.has(keyOf(kind, name, version));
  }
}

function keyOf(kind: AssetKind, name: string | null, version: string | null): string {
  return JSON.stringify([kind, name, version]);
}
