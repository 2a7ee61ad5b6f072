import { setTimeout as delay } from "node:timers/promises";
import type { Rollout } from "../../contracts/control/rollout.ts";
import type { ControlClient } from "../control/client.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import type { Context } from "../framework/command.ts";
import { printable } from "../printable.ts";
import { stateText } from "./rollout-text.ts";

const pauseMs = 500;

/** Says each step as it comes, until the rollout has ended; a roll back is a failure. */
export async function followRollout(
  endpoint: string,
  first: Rollout,
  client: ControlClient,
  { terminal: { err } }: Context,
): Promise<{ readonly rollout: Rollout; readonly exitCode: ExitCode }> {
  let rollout = first;
  let said = "";
  for (;;) {
    const text = stateText(rollout);
    if (text !== said) err.write(`${printable(text)}\n`);
    said = text;
    if (rollout.state !== "running") break;
    await delay(pauseMs);
    rollout = (await client.rollout(endpoint)) ?? rollout;
  }
  return { rollout, exitCode: rollout.state === "succeeded" ? exitCodes.ok : exitCodes.failed };
}
