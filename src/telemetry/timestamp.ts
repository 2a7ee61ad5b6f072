let second = Number.NaN;
let prefix = "";

/**
 * The time as pino writes it, in ISO 8601. The part that changes once a second is kept: `toISOString` costs as much as
 * the rest of a log line.
 */
export function timestamp(): string {
  const now = Date.now();
  const ms = now % 1000;
  if (now - ms !== second) {
    second = now - ms;
    prefix = `,"time":"${new Date(second).toISOString().slice(0, 20)}`;
  }
  return `${prefix}${String(ms).padStart(3, "0")}Z"`;
}
