import type { Endpoint } from "../../../contracts/control/endpoint.ts";
import { connect, controlOption } from "../../control/control-command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { defineCommand } from "../../framework/command.ts";
import { outputOption, printListing, quietOption } from "../../output.ts";
import { trafficText } from "../../traffic-text.ts";

export const list = defineCommand({
  examples: [
    { line: "endpoints ls", note: "name, state, traffic and address of each" },
    { line: "endpoints ls -o json", note: "all of it, for a program" },
    { line: "endpoints ls -q", note: "just the names" },
  ],
  arguments: {},
  options: { output: outputOption, quiet: quietOption, url: controlOption },
  run: async ({ url, ...options }, context) => {
    const client = await connect(url, context);
    const endpoints = await client.listEndpoints();
    const listing = {
      columns: [
        { title: "ENDPOINT", cell: ({ name }: Endpoint) => name },
        { title: "STATE", cell: ({ provisioning_state: state }: Endpoint) => state },
        { title: "TRAFFIC", cell: ({ traffic }: Endpoint) => trafficText(traffic) },
        { title: "MIRROR", cell: ({ mirror_traffic: mirror }: Endpoint) => trafficText(mirror) },
        { title: "SCORING URI", cell: ({ scoring_uri: uri }: Endpoint) => uri },
      ],
      rows: endpoints,
      nameOf: ({ name }: Endpoint) => name,
      data: endpoints,
      ifEmpty: `There are no endpoints at ${client.url}. Make one: hostler ml online-endpoint create --name my-endpoint`,
    };
    await printListing(listing, options, context);
    return exitCodes.ok;
  },
});
