import { z } from "zod";
import { endpointPlanSchema, hostedEndpointStateSchema } from "../../contracts/sagemaker/endpoint.ts";
import type { HostedEndpointRecord, HostedEndpointRecords } from "../sagemaker-records.ts";
import type { Database } from "./database.ts";
import { jsonColumn } from "./json-column.ts";

const rowSchema = z.object({
  name: z.string(),
  wanted: jsonColumn(endpointPlanSchema),
  serving: jsonColumn(endpointPlanSchema).nullable(),
  state: hostedEndpointStateSchema,
  reason: z.string().nullable(),
  created_at: z.int(),
  modified_at: z.int(),
});

/** Endpoints of SageMaker's kind. */
export class HostedEndpointRows implements HostedEndpointRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  all(): readonly HostedEndpointRecord[] {
    return this.#database.all("SELECT * FROM sagemaker_endpoints ORDER BY name").map(read);
  }

  has(name: string): boolean {
    return this.#database.get("SELECT 1 FROM sagemaker_endpoints WHERE name = ?", name) !== undefined;
  }

  find(name: string): HostedEndpointRecord | undefined {
    const row = this.#database.get("SELECT * FROM sagemaker_endpoints WHERE name = ?", name);
    return row === undefined ? undefined : read(row);
  }

  insert(record: HostedEndpointRecord): void {
    this.#database.run(
      `INSERT INTO sagemaker_endpoints (wanted, serving, state, reason, modified_at, created_at, name)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      ...[...columns(record), record.createdAt, record.name],
    );
  }

  update(record: HostedEndpointRecord): void {
    this.#database.run(
      `UPDATE sagemaker_endpoints SET wanted = ?, serving = ?, state = ?, reason = ?, modified_at = ?
       WHERE name = ?`,
      ...[...columns(record), record.name],
    );
  }

  delete(name: string): void {
    this.#database.run("DELETE FROM sagemaker_endpoints WHERE name = ?", name);
  }
}

function columns({
  wanted,
  serving,
  state,
  reason,
  modifiedAt,
}: HostedEndpointRecord): (string | number | null)[] {
  return [
    JSON.stringify(wanted),
    serving === null ? null : JSON.stringify(serving),
    state,
    reason,
    modifiedAt,
  ];
}

function read(row: unknown): HostedEndpointRecord {
  const { created_at: createdAt, modified_at: modifiedAt, ...rest } = rowSchema.parse(row);
  return { ...rest, createdAt, modifiedAt };
}
