import { z } from "zod";

const pattern = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/** Milliseconds of an ISO 8601 duration as `PT1M30S`; null where it is none, or speaks of months. */
export function millisecondsOf(text: string): number | null {
  const match = pattern.exec(text.trim().toUpperCase());
  if (match === null || !/\d/.test(text)) return null;
  const [, days = "0", hours = "0", minutes = "0", seconds = "0"] = match;
  const whole = (Number(days) * 24 + Number(hours)) * 60 + Number(minutes);
  return Math.round((whole * 60 + Number(seconds)) * 1000);
}

export function durationOf(milliseconds: number): string {
  return `PT${String(milliseconds / 1000)}S`;
}

/** A duration in milliseconds. */
export const millisecondsSchema = z
  .string()
  .nullish()
  .transform((text, context) => {
    if (text === null || text === undefined) return undefined;
    const milliseconds = millisecondsOf(text);
    if (milliseconds === null) {
      context.addIssue(`expected an ISO 8601 duration as PT5S, got ${text.slice(0, 80)}`);
      return z.NEVER;
    }
    return milliseconds;
  });

/** A duration in whole seconds. */
export const secondsSchema = millisecondsSchema.transform((milliseconds) =>
  milliseconds === undefined ? undefined : Math.round(milliseconds / 1000),
);
