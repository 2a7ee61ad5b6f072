import { type Flag, integer, switchedOn, text } from "../grammar/flag.ts";

/** Flags that models and environments share; `noun` is as `model`. */

export function nameOf(noun: string): Pick<Flag<unknown>, "names" | "help"> {
  return { names: ["--name", "-n"], help: `Name of the ${noun}` };
}

export function whichVersion(noun: string): Record<"version" | "label", Flag<string | undefined>> {
  return {
    version: text({ names: ["--version", "-v"], help: `Version of the ${noun}` }),
    label: text({ names: ["--label", "-l"], help: "Instead of a version: latest" }),
  };
}

export const listing = {
  maxResults: integer({ names: ["--max-results", "-r"], help: "How many at most" }),
  includeArchived: switchedOn({ names: ["--include-archived"], help: "Archived ones too" }),
  archivedOnly: switchedOn({ names: ["--archived-only"], help: "Archived ones only" }),
} as const;
