import { existsSync } from "node:fs";
import { chmodSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { ServingError } from "../../contracts/serving-error.ts";
import { migrations } from "./migrations.ts";

/** SQLite's code for a database that another process holds. */
const sqliteBusy = 5;

/**
 * The database file, held by this process alone: SQLite locks it through the kernel, which lets go of it when the process
 * ends, however it ends.
 */
export class Database {
  readonly #sqlite: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #isInTransaction = false;

  /** @throws ServingError CONFLICT when another process holds it, INVALID_SETTINGS when it cannot be used */
  constructor(file: string) {
    const isNew = !existsSync(file);
    try {
      this.#sqlite = new DatabaseSync(file, { enableForeignKeyConstraints: true });
      if (isNew) chmodSync(file, 0o600);
      // The lock before the journal mode: in this order SQLite needs no shared memory file, and the first read takes it.
      this.#sqlite.exec(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL",
      );
      this.#migrate();
    } catch (error) {
      throw openError(error, file);
    }
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepared(sql).run(...values).lastInsertRowid);
  }

  /** The first row, as SQLite gives it; undefined where there is none. */
  get(sql: string, ...values: SQLInputValue[]): unknown {
    return this.#prepared(sql).get(...values);
  }

  all(sql: string, ...values: SQLInputValue[]): readonly unknown[] {
    return this.#prepared(sql).all(...values);
  }

  /** All of it or nothing; durable when it returns. One inside another is part of it. */
  transaction<Result>(work: () => Result): Result {
    if (this.#isInTransaction) return work();
    this.#sqlite.exec("BEGIN IMMEDIATE");
    this.#isInTransaction = true;
    try {
      const result = work();
      this.#sqlite.exec("COMMIT");
      return result;
    } catch (error) {
      // On a full disk SQLite may have done so already.
      if (this.#sqlite.isTransaction) this.#sqlite.exec("ROLLBACK");
      throw error;
    } finally {
      this.#isInTransaction = false;
    }
  }

  /**
   * The same for what nobody was promised: it outlives this process, however that ends, but not the machine, and so it does
   * not wait for the disk, which on a busy one takes seconds.
   */
  note<Result>(work: () => Result): Result {
    if (this.#isInTransaction) return work();
    this.#sqlite.exec("PRAGMA synchronous = NORMAL");
    try {
      return this.transaction(work);
    } finally {
      this.#sqlite.exec("PRAGMA synchronous = FULL");
    }
  }

  close(): void {
    this.#statements.clear();
    this.#sqlite.close();
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const prepared = this.#sqlite.prepare(sql);
    this.#statements.set(sql, prepared);
    return prepared;
  }

  #migrate(): void {
    // To begin takes the lock for good, so that a second process fails here rather than at its first change.
    this.transaction(() => {
      const version = this.#version();
      if (version > migrations.length) {
        throw new ServingError(
          "INVALID_SETTINGS",
          `The state was written by a newer hostler: its schema is ${String(version)}, this one knows ${String(migrations.length)}.`,
          { hint: "Use that version, or another state folder." },
        );
      }
      // Writing the same number again would only wait for the disk.
      if (version === migrations.length) return;
      for (const step of migrations.slice(version)) this.#sqlite.exec(step);
      this.#sqlite.exec(`PRAGMA user_version = ${String(migrations.length)}`);
    });
  }

  #version(): number {
    const row = this.#sqlite.prepare("PRAGMA user_version").get();
    return Number(row?.["user_version"] ?? 0);
  }
}

function openError(error: unknown, file: string): ServingError {
  if (error instanceof ServingError) return error;
  if (error instanceof Error && "errcode" in error && error.errcode === sqliteBusy) {
    return new ServingError("CONFLICT", "Another hostler is running on this state folder.", {
      where: file,
      hint: "Stop it, or give this one a folder of its own with --state.",
    });
  }
  const { message } = ServingError.from(error);
  return new ServingError(
    "INVALID_SETTINGS",
    `The state cannot be opened: ${message}`,
    { where: file },
    { cause: error },
  );
}
