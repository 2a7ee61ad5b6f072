import { readdirSync } from "node:fs";
import { z } from "zod";
import { readConformance } from "../../../core/testing/conformance.ts";

const folder = new URL("../../../../conformance/frames/", import.meta.url);

const golden = z.object({
  description: z.string(),
  kind: z.number(),
  id: z.number(),
  flags: z.number(),
  header: z.record(z.string(), z.unknown()),
  /** Hexadecimal. */
  payload: z.string(),
  frame: z.string(),
});

export type GoldenFrame = z.infer<typeof golden> & { readonly name: string };

/** The frames that both sides of the worker protocol read and write, byte for byte. */
export const goldenFrames: readonly GoldenFrame[] = readdirSync(folder)
  .filter((file) => file.endsWith(".json"))
  .map((file) => ({ name: file.replace(".json", ""), ...golden.parse(readConformance(`frames/${file}`)) }));

export function goldenFrame(name: string): GoldenFrame {
  const found = goldenFrames.find((frame) => frame.name === name);
  if (found === undefined) throw new Error(`There is no golden frame ${name}.`);
  return found;
}
