/** What the storage service says no with. It does not leave this folder. */
export class BlobError extends Error {
  override readonly name = "BlobError";
  readonly status: number;
  /** As Azure names it; clients compare it. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function blobNotFound(): BlobError {
  return new BlobError(404, "BlobNotFound", "The specified blob does not exist.");
}
