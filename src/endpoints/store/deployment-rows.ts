import { z } from "zod";
import { deploymentSpecSchema } from "../../contracts/control/deployment.ts";
import { provisioningStateSchema } from "../../contracts/control/endpoint.ts";
import type { EndpointName } from "../../contracts/control/names.ts";
import type { DeploymentKey, DeploymentRecord } from "../records.ts";
import type { Database } from "./database.ts";
import { jsonColumn } from "./json-column.ts";

const rowSchema = z.object({
  spec: jsonColumn(deploymentSpecSchema),
  serving: jsonColumn(deploymentSpecSchema).nullable(),
  state: provisioningStateSchema,
  reason: z.string().nullable(),
  revision: z.int(),
  created_at: z.string(),
  modified_at: z.string(),
});

export class DeploymentRows {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  of(endpoint: EndpointName): readonly DeploymentRecord[] {
    return this.#database
      .all("SELECT * FROM deployments WHERE endpoint = ? ORDER BY name", endpoint)
      .map(read);
  }

  /** Of all endpoints. */
  all(): readonly DeploymentRecord[] {
    return this.#database.all("SELECT * FROM deployments ORDER BY endpoint, name").map(read);
  }

  find({ endpoint, name }: DeploymentKey): DeploymentRecord | undefined {
    const row = this.#database.get(
      "SELECT * FROM deployments WHERE endpoint = ? AND name = ?",
      endpoint,
      name,
    );
    return row === undefined ? undefined : read(row);
  }

  /** Inserts or replaces. */
  put(record: DeploymentRecord): void {
    const { spec, serving, state, reason, revision, createdAt, modifiedAt } = record;
    this.#database.run(
      `INSERT INTO deployments (endpoint, name, spec, serving, state, reason, revision, created_at, modified_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (endpoint, name) DO UPDATE SET spec = excluded.spec, serving = excluded.serving,
         state = excluded.state, reason = excluded.reason, revision = excluded.revision,
         created_at = excluded.created_at, modified_at = excluded.modified_at`,
      ...[spec.endpoint_name, spec.name, JSON.stringify(spec)],
      ...[serving === null ? null : JSON.stringify(serving), state, reason, revision, createdAt, modifiedAt],
    );
  }

  delete({ endpoint, name }: DeploymentKey): void {
    this.#database.run("DELETE FROM deployments WHERE endpoint = ? AND name = ?", endpoint, name);
  }
}

function read(value: unknown): DeploymentRecord {
  const { created_at, modified_at, ...row } = rowSchema.parse(value);
  return { ...row, createdAt: created_at, modifiedAt: modified_at };
}
