export type LogLevel = "debug" | "info" | "warn" | "error";

export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log: a message that never changes, and fields that do. */
export type Logger = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>;
