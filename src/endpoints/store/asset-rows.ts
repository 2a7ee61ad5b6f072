import { z } from "zod";
import {
  type AssetKind,
  type AssetPatch,
  type Assets,
  codeAssetSchema,
  environmentAssetSchema,
  modelAssetSchema,
} from "../../contracts/control/assets.ts";
import type { AssetRecord, AssetRecords, AssetTarget } from "../records.ts";
import type { Database } from "./database.ts";

const rowSchema = z.object({ asset: z.string(), digest: z.string() });

const schemas: { readonly [K in AssetKind]: z.ZodType<Assets[K]> } = {
  models: modelAssetSchema,
  environments: environmentAssetSchema,
  codes: codeAssetSchema,
};

export class AssetRows implements AssetRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  find<K extends AssetKind>(kind: K, name: string, version: string): AssetRecord<K> | undefined {
    const sql = "SELECT asset, digest FROM assets WHERE kind = ? AND name = ? AND version = ?";
    const row = this.#database.get(sql, kind, name, version);
    return row === undefined ? undefined : read(kind, row);
  }

  versions<K extends AssetKind>(kind: K, name: string): readonly AssetRecord<K>[] {
    const sql = "SELECT asset, digest FROM assets WHERE kind = ? AND name = ? ORDER BY number DESC";
    return this.#database.all(sql, kind, name).map((row) => read(kind, row));
  }

  all<K extends AssetKind>(kind: K): readonly AssetRecord<K>[] {
    const sql = "SELECT asset, digest FROM assets WHERE kind = ? ORDER BY number DESC";
    return this.#database.all(sql, kind).map((row) => read(kind, row));
  }

  insert<K extends AssetKind>(kind: K, { asset, digest }: AssetRecord<K>): void {
    this.#database.run(
      "INSERT INTO assets (kind, name, version, asset, digest) VALUES (?, ?, ?, ?, ?)",
      ...[kind, asset.name, asset.version, JSON.stringify(asset), digest],
    );
  }

  patch(kind: AssetKind, { name, version }: AssetTarget, patch: AssetPatch, modifiedAt: string): void {
    const old = this.find(kind, name, version);
    if (old === undefined) return;
    const given = Object.entries(patch).filter(([, value]) => value !== undefined);
    const merged = { ...old.asset, ...Object.fromEntries(given), modified_at: modifiedAt };
    this.#database.run(
      "UPDATE assets SET asset = ? WHERE kind = ? AND name = ? AND version = ?",
      ...[JSON.stringify(merged), kind, name, version],
    );
  }

  delete(kind: AssetKind, { name, version }: AssetTarget): void {
    this.#database.run("DELETE FROM assets WHERE kind = ? AND name = ? AND version = ?", kind, name, version);
  }
}

function read<K extends AssetKind>(kind: K, row: unknown): AssetRecord<K> {
  const { asset, digest } = rowSchema.parse(row);
  return { asset: schemas[kind].parse(JSON.parse(asset)), digest };
}
