import pino from "pino";
import type { Logger, LogLevel } from "../core/ports/logger.ts";

export interface LoggerOptions {
  readonly level: LogLevel;
  /** JSON lines for programs, text for people. */
  readonly format: "json" | "pretty";
}

export interface ServerLogger extends Logger {
  /** Writes what is still buffered; for the end of the process. */
  flush(): void;
}

/** Lines gather up to this many bytes before they are written: one system call for many requests. */
const bufferedBytes = 16 * 1024;
/** Buffered lines are written at least this often. */
const flushIntervalMs = 250;

/** The server's log on standard output: JSON lines, buffered; text, at once. */
export function createLogger({ level, format }: LoggerOptions): ServerLogger {
  const isPretty = format === "pretty";
  const destination = pino.destination({ dest: 1, sync: isPretty, minLength: isPretty ? 0 : bufferedBytes });
  const timer = setInterval(() => {
    destination.flush();
  }, flushIntervalMs);
  timer.unref();
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return {
    debug: (message, fields = {}) => {
      log.debug(fields, message);
    },
    info: (message, fields = {}) => {
      log.info(fields, message);
    },
    warn: (message, fields = {}) => {
      log.warn(fields, message);
    },
    error: (message, fields = {}) => {
      log.error(fields, message);
    },
    flush: () => {
      destination.flushSync();
    },
  };
}
