import { z } from "zod";
import { endpointSpecSchema } from "../../contracts/control/endpoint.ts";
import type { EndpointName } from "../../contracts/control/names.ts";
import type { EndpointRecord, EndpointSecrets } from "../records.ts";
import type { Database } from "./database.ts";
import { jsonColumn } from "./json-column.ts";

const rowSchema = z.object({
  spec: jsonColumn(endpointSpecSchema),
  revision: z.int(),
  created_at: z.string(),
  modified_at: z.string(),
  primary_key: z.string(),
  secondary_key: z.string(),
  signing_key: z.string(),
});

export interface StoredEndpoint {
  readonly record: EndpointRecord;
  readonly secrets: EndpointSecrets;
}

/** Endpoints with their secrets. */
export class EndpointRows {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  all(): readonly StoredEndpoint[] {
    return this.#database.all("SELECT * FROM endpoints ORDER BY name").map(read);
  }

  find(name: EndpointName): StoredEndpoint | undefined {
    const row = this.#database.get("SELECT * FROM endpoints WHERE name = ?", name);
    return row === undefined ? undefined : read(row);
  }

  insert({ spec, revision, createdAt, modifiedAt }: EndpointRecord, secrets: EndpointSecrets): void {
    this.#database.run(
      `INSERT INTO endpoints (name, spec, revision, created_at, modified_at, primary_key, secondary_key, signing_key)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[spec.name, JSON.stringify(spec), revision, createdAt, modifiedAt],
      ...[secrets.primary, secrets.secondary, secrets.signing],
    );
  }

  update({ spec, revision, modifiedAt }: EndpointRecord): void {
    this.#database.run(
      "UPDATE endpoints SET spec = ?, revision = ?, modified_at = ? WHERE name = ?",
      ...[JSON.stringify(spec), revision, modifiedAt, spec.name],
    );
  }

  setSecrets(name: EndpointName, { primary, secondary, signing }: EndpointSecrets): void {
    this.#database.run(
      "UPDATE endpoints SET primary_key = ?, secondary_key = ?, signing_key = ? WHERE name = ?",
      ...[primary, secondary, signing, name],
    );
  }

  /** With its deployments, revisions, events and rollouts. */
  delete(name: EndpointName): void {
    this.#database.run("DELETE FROM endpoints WHERE name = ?", name);
  }
}

function read(value: unknown): StoredEndpoint {
  const row = rowSchema.parse(value);
  return {
    record: {
      spec: row.spec,
      revision: row.revision,
      createdAt: row.created_at,
      modifiedAt: row.modified_at,
    },
    secrets: { primary: row.primary_key, secondary: row.secondary_key, signing: row.signing_key },
  };
}
