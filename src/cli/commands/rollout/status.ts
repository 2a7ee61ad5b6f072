import { connect, controlOption, endpointArgument } from "../../control/control-command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { defineCommand } from "../../framework/command.ts";
import { outputOption, serialize } from "../../output.ts";

export const status = defineCommand({
  examples: [
    { line: "rollout status my-endpoint", note: "which step it is at, or why it was rolled back" },
    { line: "rollout status my-endpoint -o json", note: "for a program" },
  ],
  arguments: { endpoint: endpointArgument },
  options: { output: outputOption, url: controlOption },
  run: async ({ endpoint, url, output }, context) => {
    const { out, err } = context.terminal;
    const rollout = await (await connect(url, context)).rollout(endpoint);
    if (rollout !== null) {
      const { printRollout } = await import("../../rollout/print-rollout.ts");
      await printRollout(rollout, output, context);
    } else if (output === "table") {
      err.write(
        `Endpoint ${endpoint} has had no rollout. Begin one: hostler rollout start ${endpoint} --to DEPLOYMENT\n`,
      );
    } else {
      out.write(await serialize(null, output));
    }
    return exitCodes.ok;
  },
});
