import { z } from "zod";
import type { Tag } from "../../contracts/sagemaker/model.ts";
import type { TagRecords } from "../sagemaker-records.ts";
import type { Database } from "./database.ts";

const rowSchema = z.object({ key: z.string(), value: z.string() });

export class TagRows implements TagRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  of(resource: string): readonly Tag[] {
    const sql = "SELECT key, value FROM sagemaker_tags WHERE resource = ? ORDER BY key";
    return this.#database.all(sql, resource).map((row) => {
      const { key, value } = rowSchema.parse(row);
      return { Key: key, Value: value };
    });
  }

  put(resource: string, tags: readonly Tag[]): void {
    const sql = "INSERT OR REPLACE INTO sagemaker_tags (resource, key, value) VALUES (?, ?, ?)";
    for (const { Key, Value } of tags) this.#database.run(sql, resource, Key, Value);
  }

  delete(resource: string, keys: readonly string[]): void {
    const sql = "DELETE FROM sagemaker_tags WHERE resource = ? AND key = ?";
    for (const key of keys) this.#database.run(sql, resource, key);
  }

  deleteAll(resource: string): void {
    this.#database.run("DELETE FROM sagemaker_tags WHERE resource = ?", resource);
  }
}
