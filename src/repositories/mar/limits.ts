/** How much an archive may hold. Each limit ends the unpacking as soon as it is passed. */
export interface ArchiveLimits {
  /** Files and folders. */
  readonly entries: number;
  /** Unpacked bytes, of all files together. */
  readonly bytes: number;
  /** Unpacked bytes for each byte of the archive. */
  readonly ratio: number;
  /** Below this many unpacked bytes the ratio is not looked at: small files of zeros compress as well as bombs do. */
  readonly ratioFromBytes: number;
  /** Folders in folders. */
  readonly depth: number;
}

const mebibyte = 1024 * 1024;

export const defaultArchiveLimits: ArchiveLimits = {
  entries: 10_000,
  bytes: 20 * 1024 * mebibyte,
  ratio: 100,
  ratioFromBytes: 64 * mebibyte,
  depth: 32,
};
