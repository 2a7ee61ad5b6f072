import type { ProbeKind, ProbeResult } from "./probe.ts";

/** Different findings that are kept. */
const mostEntries = 6;

interface Entry {
  readonly kind: ProbeKind;
  readonly finding: string;
  count: number;
}

/** What the probes of an instance found, the same findings counted: for a report. */
export class ProbeHistory {
  readonly #entries: Entry[] = [];

  add(kind: ProbeKind, { finding }: ProbeResult): void {
    const last = this.#entries.findLast((entry) => entry.kind === kind);
    if (last?.finding === finding) {
      last.count += 1;
      return;
    }
    this.#entries.push({ kind, finding, count: 1 });
    if (this.#entries.length > mostEntries) this.#entries.shift();
  }

  /** As `readiness: connection refused (12 times)`, oldest first. */
  lines(): readonly string[] {
    return this.#entries.map(
      ({ kind, finding, count }) => `${kind}: ${finding}${count === 1 ? "" : ` (${String(count)} times)`}`,
    );
  }
}
