import { connect, controlOption, endpointArgument } from "../../control/control-command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { defineCommand } from "../../framework/command.ts";
import { integer } from "../../framework/option.ts";
import { outputOption, serialize } from "../../output.ts";
import { formatFields } from "../../table.ts";
import { trafficText } from "../../traffic-text.ts";

export const undo = defineCommand({
  description:
    "Makes an endpoint what it was before the newest change, or at a revision that rollout history lists.",
  examples: [
    { line: "rollout undo my-endpoint", note: "take the newest change back" },
    { line: "rollout undo my-endpoint --revision 3", note: "back to a revision" },
  ],
  arguments: { endpoint: endpointArgument },
  options: {
    revision: integer({
      flags: "--revision <number>",
      help: "the revision to go back to; 0 is the one before the newest",
      least: 0,
      most: 1_000_000_000,
      fallback: 0,
    }),
    output: outputOption,
    url: controlOption,
  },
  run: async ({ endpoint, url, revision, output }, context) => {
    const { out } = context.terminal;
    const client = await connect(url, context);
    const restored = await client.undo(endpoint, revision === 0 ? undefined : revision);
    const fields = [
      ["Endpoint", restored.name],
      ["Revision", String(restored.revision)],
      ["Traffic", trafficText(restored.traffic)],
      ["Mirror", trafficText(restored.mirror_traffic)],
    ] as const;
    out.write(output === "table" ? formatFields(fields) : await serialize(restored, output));
    return exitCodes.ok;
  },
});
