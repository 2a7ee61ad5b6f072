import { z } from "zod";
import { endpointNameSchema, type EndpointName } from "../../contracts/control/names.ts";
import { type Rollout, rolloutSchema } from "../../contracts/control/rollout.ts";
import type { RolloutRecord, RolloutRecords } from "../records.ts";
import type { Database } from "./database.ts";
import { jsonColumn } from "./json-column.ts";

const rowSchema = z.object({
  number: z.int(),
  endpoint: endpointNameSchema,
  rollout: jsonColumn(rolloutSchema),
});

export class RolloutRows implements RolloutRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  insert(endpoint: EndpointName, rollout: Rollout): RolloutRecord {
    const sql = "INSERT INTO rollouts (endpoint, state, rollout) VALUES (?, ?, ?)";
    return {
      id: this.#database.run(sql, endpoint, rollout.state, JSON.stringify(rollout)),
      endpoint,
      rollout,
    };
  }

  update({ id, rollout }: RolloutRecord): void {
    const sql = "UPDATE rollouts SET state = ?, rollout = ? WHERE number = ?";
    this.#database.run(sql, rollout.state, JSON.stringify(rollout), id);
  }

  newest(endpoint: EndpointName): RolloutRecord | undefined {
    const sql =
      "SELECT number, endpoint, rollout FROM rollouts WHERE endpoint = ? ORDER BY number DESC LIMIT 1";
    const row = this.#database.get(sql, endpoint);
    return row === undefined ? undefined : read(row);
  }

  running(): readonly RolloutRecord[] {
    return this.#database
      .all("SELECT number, endpoint, rollout FROM rollouts WHERE state = 'running'")
      .map(read);
  }
}

function read(value: unknown): RolloutRecord {
  const { number, endpoint, rollout } = rowSchema.parse(value);
  return { id: number, endpoint, rollout };
}
