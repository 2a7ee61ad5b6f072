import { z } from "zod";
import type { Dated } from "../../core/ports/sagemaker-catalogue.ts";
import type { DocumentRecords } from "../sagemaker-records.ts";
import type { Database } from "./database.ts";
import { jsonColumn } from "./json-column.ts";

export class DocumentRows<Document> implements DocumentRecords<Document> {
  readonly #database: Database;
  readonly #table: string;
  readonly #rowSchema: z.ZodType<{ document: Document; created_at: number }>;

  constructor(
    database: Database,
    table: "sagemaker_models" | "sagemaker_endpoint_configs",
    schema: z.ZodType<Document>,
  ) {
    this.#database = database;
    this.#table = table;
    this.#rowSchema = z.object({ document: jsonColumn(schema), created_at: z.int() });
  }

  all(): readonly Dated<Document>[] {
    return this.#database.all(`SELECT * FROM ${this.#table} ORDER BY name`).map((row) => this.#read(row));
  }

  find(name: string): Dated<Document> | undefined {
    const row = this.#database.get(`SELECT * FROM ${this.#table} WHERE name = ?`, name);
    return row === undefined ? undefined : this.#read(row);
  }

  insert(name: string, { document, createdAt }: Dated<Document>): void {
    const sql = `INSERT INTO ${this.#table} (name, document, created_at) VALUES (?, ?, ?)`;
    this.#database.run(sql, name, JSON.stringify(document), createdAt);
  }

  delete(name: string): void {
    this.#database.run(`DELETE FROM ${this.#table} WHERE name = ?`, name);
  }

  #read(row: unknown): Dated<Document> {
    const { document, created_at: createdAt } = this.#rowSchema.parse(row);
    return { document, createdAt };
  }
}
