import { z } from "zod";
import type { AsyncCallRecord, AsyncCallRecords } from "../sagemaker-records.ts";
import type { Database } from "./database.ts";
import { jsonColumn } from "./json-column.ts";

const asyncCallSchema = z.object({
  headers: z.array(z.string()),
  inputUrl: z.string().nullable(),
  inferenceId: z.string(),
  outputUrl: z.string(),
  failureUrl: z.string().nullable(),
  ttlMs: z.number(),
  timeoutMs: z.number(),
});

const rowSchema = z.object({
  number: z.int(),
  endpoint: z.string(),
  call: jsonColumn(asyncCallSchema),
  body: z.instanceof(Uint8Array).nullable(),
  received_at: z.int(),
});

export class AsyncCallRows implements AsyncCallRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Oldest first. */
  of(endpoint: string): readonly AsyncCallRecord[] {
    const sql = "SELECT * FROM sagemaker_async_calls WHERE endpoint = ? ORDER BY number";
    return this.#database.all(sql, endpoint).map((row) => {
      const { received_at: receivedAt, ...rest } = rowSchema.parse(row);
      return { ...rest, receivedAt };
    });
  }

  /** Durable when it returns. */
  insert(record: Omit<AsyncCallRecord, "number">): AsyncCallRecord {
    const { endpoint, call, body, receivedAt } = record;
    const number = this.#database.run(
      "INSERT INTO sagemaker_async_calls (endpoint, call, body, received_at) VALUES (?, ?, ?, ?)",
      ...[endpoint, JSON.stringify(call), body, receivedAt],
    );
    return { ...record, number };
  }

  delete(number: number): void {
    this.#database.run("DELETE FROM sagemaker_async_calls WHERE number = ?", number);
  }
}
