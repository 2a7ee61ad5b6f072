/** Objects by URL: `s3://bucket/key`, `file:///path` or an absolute path. */
export interface ObjectStore {
  /** Rejects with ASSET_NOT_FOUND, or UNREACHABLE. */
  read(url: string): Promise<Uint8Array>;
  /** Rejects with UNREACHABLE. */
  write(url: string, body: Uint8Array, contentType: string | null): Promise<void>;
}
