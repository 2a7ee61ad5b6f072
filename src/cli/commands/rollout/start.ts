import { connect, controlOption, endpointArgument } from "../../control/control-command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { defineCommand } from "../../framework/command.ts";
import { flag, integer, text } from "../../framework/option.ts";
import { UsageError } from "../../framework/usage-error.ts";
import { outputOption } from "../../output.ts";
import { limit, stepsOption } from "../../rollout/limit-option.ts";

export const start = defineCommand({
  description:
    "Moves the traffic of an endpoint to a deployment step by step. While a step is watched, the deployment has to keep " +
    "its limits, measured against the one that served before; where it does not, the traffic goes back at once.",
  examples: [
    { line: "rollout start my-endpoint --to green", note: "10, 50, 100 percent, a minute each" },
    { line: "rollout start my-endpoint --to green --steps 5,25,100 --step-seconds 300", note: "slower" },
    {
      line: "rollout start my-endpoint --to green --max-p99-ratio 1.2 --wait",
      note: "stricter, and wait for the end",
    },
  ],
  arguments: { endpoint: endpointArgument },
  options: {
    to: text({ flags: "--to <deployment>", help: "the deployment that is to take the traffic" }),
    steps: stepsOption,
    stepSeconds: integer({
      flags: "--step-seconds <seconds>",
      help: "how long each step is watched",
      least: 0,
      most: 604_800,
      fallback: 60,
    }),
    errorIncrease: limit({
      flags: "--max-error-increase <percent>",
      help: "how many more percent of calls may fail",
      least: 0,
      note: "default 1; off for not watched",
    }),
    p99Ratio: limit({
      flags: "--max-p99-ratio <times>",
      help: "how many times the p99 of before",
      least: 1,
      note: "default 2; off for not watched",
    }),
    disagreement: limit({
      flags: "--max-mirror-disagreement <percent>",
      help: "how many percent of mirrored answers may differ",
      least: 0,
      note: "not watched if left out",
    }),
    minRequests: integer({
      flags: "--min-requests <number>",
      help: "nothing is judged before the deployment has answered so many",
      least: 1,
      most: 1_000_000,
      fallback: 20,
    }),
    wait: flag({ flags: "--wait", help: "follow it to its end; a roll back is then exit status 1" }),
    output: outputOption,
    url: controlOption,
  },
  run: async ({ endpoint, to, url, wait, output, ...options }, context) => {
    if (to === undefined)
      throw new UsageError("It is not said which deployment is to take the traffic.", "Name it with --to.");
    const { rolloutSpecSchema } = await import("../../../contracts/control/rollout.ts");
    const spec = rolloutSpecSchema.parse({
      to,
      steps: options.steps,
      step_seconds: options.stepSeconds,
      guard_rails: {
        max_error_rate_increase_percent: options.errorIncrease,
        max_p99_ratio: options.p99Ratio,
        max_mirror_disagreement_percent: options.disagreement,
        min_requests: options.minRequests,
      },
    });
    const client = await connect(url, context);
    const begun = await client.startRollout(endpoint, spec);
    const { printRollout } = await import("../../rollout/print-rollout.ts");
    if (!wait) {
      await printRollout(begun, output, context);
      return exitCodes.ok;
    }
    const { followRollout } = await import("../../rollout/follow.ts");
    const { rollout, exitCode } = await followRollout(endpoint, begun, client, context);
    await printRollout(rollout, output, context);
    return exitCode;
  },
});
