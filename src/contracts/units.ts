/** Quantities for people, the same wherever they are shown. */

const byteUnits = ["KiB", "MiB", "GiB", "TiB"] as const;

/** As `21 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = "B";
  for (const next of byteUnits) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return `${value < 10 && unit !== "B" ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
}

/** As `4 ms` or `1.3 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1) return "<1 ms";
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
