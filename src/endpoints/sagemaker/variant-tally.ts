import type { Summary, VariantCounter, VariantSummary } from "../../core/ports/hosted-endpoints.ts";

const microsecondsPerMs = 1_000;

/** Counts what a variant does, under CloudWatch's names. */
export class VariantTally {
  readonly #counters = new Map<VariantCounter, number>();
  readonly #summaries = new Map<VariantSummary, Summary>();

  /** A time; kept in microseconds, as CloudWatch has it. */
  took(name: Exclude<VariantSummary, "ModelCacheHit">, ms: number): void {
    this.#add(name, ms * microsecondsPerMs);
  }

  cacheHit(isHit: boolean): void {
    this.#add("ModelCacheHit", isHit ? 1 : 0);
  }

  /** The container has answered. */
  answered(
    status: number,
    { modelMs, totalMs }: { readonly modelMs: number; readonly totalMs: number },
  ): void {
    this.#count("Invocations");
    this.took("ModelLatency", modelMs);
    this.took("OverheadLatency", Math.max(0, totalMs - modelMs));
    if (status >= 200 && status < 300) return;
    this.#count("InvocationModelErrors");
    this.#count(status < 500 ? "Invocation4XXErrors" : "Invocation5XXErrors");
  }

  /** The container gave no answer. */
  failed(): void {
    this.#count("Invocations");
    this.#count("InvocationModelErrors");
    this.#count("Invocation5XXErrors");
  }

  /** No container was asked. */
  refused(isCallersFault: boolean): void {
    this.#count("Invocations");
    this.#count(isCallersFault ? "Invocation4XXErrors" : "Invocation5XXErrors");
  }

  counters(): Readonly<Record<VariantCounter, number>> {
    const of = (name: VariantCounter): number => this.#counters.get(name) ?? 0;
    return {
      Invocations: of("Invocations"),
      Invocation4XXErrors: of("Invocation4XXErrors"),
      Invocation5XXErrors: of("Invocation5XXErrors"),
      InvocationModelErrors: of("InvocationModelErrors"),
    };
  }

  summaries(): Readonly<Record<VariantSummary, Summary>> {
    const of = (name: VariantSummary): Summary => this.#summaries.get(name) ?? { sum: 0, count: 0 };
    return {
      ModelLatency: of("ModelLatency"),
      OverheadLatency: of("OverheadLatency"),
      ModelLoadingWaitTime: of("ModelLoadingWaitTime"),
      ModelDownloadingTime: of("ModelDownloadingTime"),
      ModelLoadingTime: of("ModelLoadingTime"),
      ModelUnloadingTime: of("ModelUnloadingTime"),
      ModelCacheHit: of("ModelCacheHit"),
    };
  }

  #count(name: VariantCounter): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + 1);
  }

  #add(name: VariantSummary, value: number): void {
    const { sum, count } = this.#summaries.get(name) ?? { sum: 0, count: 0 };
    this.#summaries.set(name, { sum: sum + value, count: count + 1 });
  }
}
