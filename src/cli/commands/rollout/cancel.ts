import { connect, controlOption, endpointArgument } from "../../control/control-command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { defineCommand } from "../../framework/command.ts";
import { flag } from "../../framework/option.ts";
import { outputOption } from "../../output.ts";

export const cancel = defineCommand({
  description: "Stops a rollout where it is. The traffic stays as it is, unless it is told to go back.",
  examples: [
    { line: "rollout cancel my-endpoint", note: "and keep the traffic as it is" },
    { line: "rollout cancel my-endpoint --undo", note: "and give back the traffic of before" },
  ],
  arguments: { endpoint: endpointArgument },
  options: {
    undo: flag({ flags: "--undo", help: "restore the traffic from before the rollout" }),
    output: outputOption,
    url: controlOption,
  },
  run: async ({ endpoint, url, undo, output }, context) => {
    const rollout = await (await connect(url, context)).cancelRollout(endpoint, { undo });
    const { printRollout } = await import("../../rollout/print-rollout.ts");
    await printRollout(rollout, output, context);
    return exitCodes.ok;
  },
});
