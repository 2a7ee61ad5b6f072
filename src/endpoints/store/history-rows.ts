import { z } from "zod";
import { deploymentSpecSchema } from "../../contracts/control/deployment.ts";
import {
  type ControlEvent,
  endpointSpecSchema,
  eventSchema,
  type Revision,
  revisionSchema,
} from "../../contracts/control/endpoint.ts";
import type { EndpointName } from "../../contracts/control/names.ts";
import type { Snapshot } from "../records.ts";
import type { Database } from "./database.ts";
import { jsonColumn } from "./json-column.ts";

/** Newest ones that are kept, of each endpoint. */
const mostRevisions = 1_000;
const mostEvents = 1_000;

const snapshotSchema = z.object({
  endpoint: endpointSpecSchema,
  deployments: z.record(z.string(), deploymentSpecSchema),
});
const snapshotRowSchema = z.object({ snapshot: jsonColumn(snapshotSchema) });
const revisionRowSchema = revisionSchema.extend({ diff: jsonColumn(revisionSchema.shape.diff) });

/** Who changed what, and what happened. */
export class HistoryRows {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  addRevision(endpoint: EndpointName, revision: Revision, snapshot: Snapshot): void {
    this.#database.run(
      "INSERT INTO revisions (endpoint, revision, at, who, what, diff, snapshot) VALUES (?, ?, ?, ?, ?, ?, ?)",
      ...[endpoint, revision.revision, revision.at, revision.who, revision.what],
      ...[JSON.stringify(revision.diff), JSON.stringify(snapshot)],
    );
    const oldest = revision.revision - mostRevisions;
    this.#database.run("DELETE FROM revisions WHERE endpoint = ? AND revision <= ?", endpoint, oldest);
  }

  /** Oldest first. */
  revisions(endpoint: EndpointName): readonly Revision[] {
    const sql = "SELECT revision, at, who, what, diff FROM revisions WHERE endpoint = ? ORDER BY revision";
    return this.#database.all(sql, endpoint).map((row) => revisionRowSchema.parse(row));
  }

  snapshot(endpoint: EndpointName, revision: number): Snapshot | undefined {
    const sql = "SELECT snapshot FROM revisions WHERE endpoint = ? AND revision = ?";
    const row = this.#database.get(sql, endpoint, revision);
    return row === undefined ? undefined : snapshotRowSchema.parse(row).snapshot;
  }

  addEvent(endpoint: EndpointName, { deployment, at, reason, message, level }: ControlEvent): void {
    const sql =
      "INSERT INTO events (endpoint, deployment, at, reason, message, level) VALUES (?, ?, ?, ?, ?, ?)";
    this.#database.run(sql, endpoint, deployment, at, reason, message, level);
  }

  /** Drops what is more than is kept. */
  trimEvents(endpoint: EndpointName): void {
    this.#database.run(
      `DELETE FROM events WHERE endpoint = ?1 AND number <=
         (SELECT number FROM events WHERE endpoint = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)`,
      endpoint,
      mostEvents,
    );
  }

  /** Oldest first. */
  events(endpoint: EndpointName): readonly ControlEvent[] {
    const sql =
      "SELECT at, deployment, reason, message, level FROM events WHERE endpoint = ? ORDER BY number";
    return this.#database.all(sql, endpoint).map((row) => eventSchema.parse(row));
  }
}
