import { longName, type GivenValue, type Option } from "../framework/option.ts";
import { UsageError } from "../framework/usage-error.ts";

/** A limit: a number, or `off` for not watched; undefined where it is left out. */
export function limit(option: {
  readonly flags: string;
  readonly help: string;
  readonly least: number;
  readonly note: string;
}): Option<number | null | undefined> {
  const read = (given: GivenValue): number | null | undefined => {
    if (typeof given !== "string") return undefined;
    if (given === "off") return null;
    const value = Number(given);
    if (given.trim() !== "" && Number.isFinite(value) && value >= option.least) return value;
    throw new UsageError(
      `${longName(option.flags)} takes a number from ${String(option.least)}, or off, not ${JSON.stringify(given)}.`,
    );
  };
  return { ...option, read };
}

/** Percentages with commas between them, the last one 100. */
export const stepsOption: Option<readonly number[] | undefined> = {
  flags: "--steps <percents>",
  help: "percent of the traffic, one step after the other",
  note: "default 10,50,100",
  read: (given) => {
    if (typeof given !== "string") return undefined;
    const steps = given.split(/[\s,]+/).map(Number);
    if (steps.every((step) => Number.isInteger(step) && step >= 1 && step <= 100)) {
      return steps.at(-1) === 100 ? steps : [...steps, 100];
    }
    throw new UsageError(
      `--steps takes percentages from 1 to 100, not ${JSON.stringify(given)}.`,
      "Write them as --steps 10,50,100.",
    );
  },
};
