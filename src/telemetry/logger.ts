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

/** Lines that cannot be written are kept up to this size, and dropped beyond it. */
const largestBacklogBytes = 1024 * 1024;

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
  return bufferedLogger(level);
}

function bufferedLogger(level: LogLevel): ServerLogger {
  const options = { dest: 1, sync: false, minLength: bufferedBytes, maxLength: largestBacklogBytes };
  const destination = pino.destination(options);
  let timer: NodeJS.Timeout | null = null;
  let state: "open" | "failing" | "stopped" = "open";
  // A full disk, or nobody who reads: serving goes on, and writing is tried again with the next lines.
  destination.on("error", () => {
    if (state === "stopped") destination.destroy();
    else state = "failing";
  });
  destination.on("drain", () => {
    if (state === "failing") state = "open";
  });
  const flush = (): void => {
    timer = null;
    if (state !== "stopped") destination.flush();
  };
  const buffered: DestinationStream = {
    write(line) {
      if (state === "stopped") return;
      destination.write(line);
      timer ??= setTimeout(flush, bufferedMs).unref();
    },
  };
  return {
    ...loggerTo(buffered, level),
    // Not `flushSync`, which tries for ever where nothing can be written: the process ends after what is left.
    stop: () => {
      if (timer !== null) clearTimeout(timer);
      const wasFailing = state === "failing";
      const isFirst = state !== "stopped";
      state = "stopped";
      if (wasFailing) destination.destroy();
      else if (isFirst) destination.end();
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
