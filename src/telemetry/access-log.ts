import { errorCatalogue, type Fault } from "../contracts/errors.ts";
import { ServingError } from "../contracts/serving-error.ts";
import type { Clock, Timer } from "../core/ports/clock.ts";
import type { LogFields, Logger, LogLevel } from "../core/ports/logger.ts";
import type { RequestRecord } from "../core/ports/request-observer.ts";

export interface AccessLogOptions {
  /** Failures and a sample of the rest; all; none. */
  readonly mode: "sampled" | "all" | "off";
  readonly logger: Logger;
  readonly clock: Clock;
  /** Templates of the routes that probes ask all day long: a sample leaves out their successes. */
  readonly healthRoutes: Iterable<string>;
}

/** Lines that a sample has a second, of successes and of failures each. */
const linesPerSecond = 100;
const secondMs = 1000;
const longestText = 500;

/** Callers' mistakes are the callers' business; what somebody here has to look at stands out. */
const levelOf: Readonly<Record<Fault, LogLevel>> = {
  caller: "info",
  operator: "warn",
  dependency: "warn",
  bug: "error",
};

/** One line a request, and where there are too many, one line a second that says how many have none. */
export class AccessLog {
  readonly #options: AccessLogOptions;
  readonly #healthRoutes: ReadonlySet<string>;
  /** Of the second that the timer ends; no timer, no second. */
  #timer: Timer | null = null;
  #successes = 0;
  #failures = 0;

  constructor(options: AccessLogOptions) {
    this.#options = options;
    this.#healthRoutes = new Set(options.healthRoutes);
  }

  ended(record: RequestRecord): void {
    const { mode } = this.#options;
    if (mode === "off" || (mode === "sampled" && this.#isLeftOut(record))) return;
    const level = record.code === null ? "info" : levelOf[errorCatalogue[record.code].fault];
    this.#options.logger[level]("request", fieldsOf(record));
  }

  /** Says what is still unsaid. */
  stop(): void {
    this.#timer?.cancel();
    this.#endSecond();
  }

  #isLeftOut({ code, route }: RequestRecord): boolean {
    if (code === null && this.#healthRoutes.has(route)) return true;
    this.#timer ??= this.#options.clock.schedule(secondMs, () => {
      this.#endSecond();
    });
    if (code === null) {
      this.#successes += 1;
      return this.#successes > linesPerSecond;
    }
    this.#failures += 1;
    return this.#failures > linesPerSecond;
  }

  #endSecond(): void {
    const successes = Math.max(0, this.#successes - linesPerSecond);
    const failures = Math.max(0, this.#failures - linesPerSecond);
    this.#timer = null;
    this.#successes = 0;
    this.#failures = 0;
    if (successes + failures === 0) return;
    this.#options.logger.info("requests left out of the log", { successes, failures });
  }
}

function fieldsOf(record: RequestRecord): LogFields {
  const { protocol, method, route, status, code, bytesIn, bytesOut, timing, totalMs } = record;
  return {
    request_id: record.requestId === null ? undefined : harmless(record.requestId),
    protocol,
    method,
    route,
    status,
    code: code ?? (status < 400 ? "OK" : undefined),
    model: record.model?.spec.name,
    version: record.model?.spec.version ?? undefined,
    bytes_in: bytesIn,
    bytes_out: bytesOut,
    batch: timing?.batchCalls,
    queue_ms: timing === null ? undefined : round(timing.queueMs),
    compute_ms: timing === null ? undefined : round(timing.computeMs),
    total_ms: round(totalMs),
    ...errorFields(record.error),
  };
}

/** The message always; what lies behind it only where it is not the caller's doing. */
function errorFields(error: Error | null): LogFields {
  if (error === null) return {};
  const reason = shortened(error.message);
  const fault = error instanceof ServingError ? error.fault : "bug";
  if (fault === "caller") return { reason };
  if (fault === "bug") return { reason, error: error.cause ?? error };
  return error.cause === undefined ? { reason } : { reason, cause: shortened(messageOf(error.cause)) };
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Ids come from callers: nothing but visible ASCII of a sane length goes into the log. */
function harmless(id: string): string {
  return /^[\x21-\x7e]{1,128}$/.test(id) ? id : id.slice(0, 128).replaceAll(/[^\x21-\x7e]/g, "?");
}

function shortened(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText)}…`;
}

/** Microseconds are enough. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
