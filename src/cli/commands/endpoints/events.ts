import type { ControlEvent } from "../../../contracts/control/endpoint.ts";
import { connect, controlOption, endpointArgument } from "../../control/control-command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { defineCommand } from "../../framework/command.ts";
import { outputOption, printListing, quietOption } from "../../output.ts";

export const events = defineCommand({
  examples: [
    { line: "endpoints events my-endpoint", note: "what happened to it, newest last" },
    { line: "endpoints events my-endpoint -o json", note: "for a program" },
  ],
  arguments: { endpoint: endpointArgument },
  options: {
    output: outputOption,
    quiet: { ...quietOption, help: "reasons only, one a line" },
    url: controlOption,
  },
  run: async ({ endpoint, url, ...options }, context) => {
    const rows = await (await connect(url, context)).events(endpoint);
    const { red, yellow } = context.terminal.out.colors;
    const paints = { info: String, warn: yellow, error: red } as const;
    const listing = {
      columns: [
        { title: "AT", cell: ({ at }: ControlEvent) => at },
        { title: "DEPLOYMENT", cell: ({ deployment }: ControlEvent) => deployment ?? "-" },
        {
          title: "REASON",
          cell: ({ reason }: ControlEvent) => reason,
          paint: (text: string, { level }: ControlEvent) => paints[level](text),
        },
        { title: "MESSAGE", cell: ({ message }: ControlEvent) => message },
      ],
      rows,
      nameOf: ({ reason }: ControlEvent) => reason,
      data: rows,
      ifEmpty: `Nothing has happened to endpoint ${endpoint} yet.`,
    };
    await printListing(listing, options, context);
    return exitCodes.ok;
  },
});
