import picocolors from "picocolors";
import pino, { type DestinationStream, type Logger as PinoLogger } from "pino";
import type { LogFields, Logger, LogLevel } from "../core/ports/logger.ts";
import { prettyLine } from "./pretty-line.ts";
import { timestamp } from "./timestamp.ts";

export interface LoggerOptions {
  readonly level: LogLevel;
  /** JSON lines for programs, text for people. */
  readonly format: "json" | "pretty";
  /** For text; by default what the terminal can and NO_COLOR allows. */
  readonly isColored?: boolean;
}

export interface ServerLogger extends Logger {
  /** Writes what is still buffered: the last act of a stop. */
  stop(): void;
}

/** Lines gather up to this many bytes before they are written: one system call for many requests. */
const bufferedBytes = 8 * 1024;
/** Nobody waits longer than this for a line. */
const bufferedMs = 50;

/** Names that secrets travel under. Their values are cut out, here as in `headers` and `request.headers`. */
const secretNames = [
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "api-key",
  "api_key",
  "apiKey",
  "x-api-key",
  "x-amz-security-token",
];

/** The server's log on standard output: JSON lines, buffered; text, at once. */
export function createLogger({
  level,
  format,
  isColored = picocolors.isColorSupported,
}: LoggerOptions): ServerLogger {
  if (format === "pretty") return loggerTo(prettyDestination(isColored), level);
  const destination = pino.destination({ dest: 1, sync: false, minLength: bufferedBytes });
  let timer: NodeJS.Timeout | null = null;
  const flush = (): void => {
    timer = null;
    destination.flush();
  };
  const buffered: DestinationStream = {
    write(line) {
      destination.write(line);
      timer ??= setTimeout(flush, bufferedMs).unref();
    },
  };
  return {
    ...loggerTo(buffered, level),
    stop: () => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      destination.flushSync();
    },
  };
}

/** A log that writes to whatever takes lines. */
export function loggerTo(destination: DestinationStream, level: LogLevel): ServerLogger {
  const log = pino(
    {
      level,
      base: null,
      timestamp,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: serializeError, cause: serializeError },
      redact: { paths: secretNames.flatMap(placesOf), censor: "[redacted]" },
    },
    destination,
  );
  return {
    debug: writer(log, "debug"),
    info: writer(log, "info"),
    warn: writer(log, "warn"),
    error: writer(log, "error"),
    stop: () => undefined,
  };
}

function writer(log: PinoLogger, level: LogLevel): Logger[LogLevel] {
  return (message, fields: LogFields = {}) => {
    log[level](fields, message);
  };
}

/** Text goes out at once: somebody is looking. */
function prettyDestination(isColored: boolean): DestinationStream {
  const colors = picocolors.createColors(isColored);
  return {
    write(line) {
      process.stdout.write(prettyLine(line, colors));
    },
  };
}

/** An error has no fields of its own that JSON would show. */
function serializeError(value: unknown): unknown {
  return value instanceof Error ? pino.stdSerializers.err(value) : value;
}

function placesOf(name: string): readonly string[] {
  const key = `["${name}"]`;
  return [key, `headers${key}`, `request.headers${key}`];
}
