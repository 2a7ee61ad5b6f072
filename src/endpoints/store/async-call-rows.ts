import { z } from "zod";
import type { Database } from "./database.ts";
import { jsonColumn } from "./json-column.ts";

/** What is kept of an asynchronous call besides its body. */
const asyncCallSchema = z.object({
  headers: z.array(z.string()),
  /** Where the body lies; null where it came with the call. */
  inputUrl: z.string().nullable(),
  inferenceId: z.string(),
  outputUrl: z.string(),
  failureUrl: z.string().nullable(),
  ttlMs: z.number(),
  timeoutMs: z.number(),
});
export type AsyncCall = z.infer<typeof asyncCallSchema>;

export interface AsyncCallRecord {
  readonly number: number;
  readonly endpoint: string;
  readonly call: AsyncCall;
  readonly body: Uint8Array | null;
  /** Milliseconds of the epoch. */
  readonly receivedAt: number;
}

const rowSchema = z.object({
  number: z.int(),
  endpoint: z.string(),
  call: jsonColumn(asyncCallSchema),
  body: z.instanceof(Uint8Array).nullable(),
  received_at: z.int(),
});

/** Calls that were accepted and are not answered yet. */
export class AsyncCallRows {
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
