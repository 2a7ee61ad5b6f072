import type { Rollout } from "../../contracts/control/rollout.ts";
import type { Context } from "../framework/command.ts";
import { type OutputFormat, serialize } from "../output.ts";
import { formatRollout } from "./rollout-text.ts";

export async function printRollout(
  rollout: Rollout,
  output: OutputFormat,
  { terminal: { out } }: Context,
): Promise<void> {
  out.write(output === "table" ? formatRollout(rollout) : await serialize(rollout, output));
}
