import type { Endpoint } from "../../../contracts/control/endpoint.ts";
import type { HostedEndpointSummary } from "../../../contracts/control/hosted-endpoints.ts";
import { connect, controlOption } from "../../control/control-command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { defineCommand } from "../../framework/command.ts";
import { outputOption, printListing, quietOption } from "../../output.ts";
import { trafficText } from "../../traffic-text.ts";

/** An endpoint of either kind. */
interface Row {
  readonly name: string;
  readonly state: string;
  readonly traffic: string;
  readonly mirror: string;
  readonly uri: string;
}

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
    const [endpoints, hosted] = await Promise.all([client.listEndpoints(), client.hostedEndpoints()]);
    const listing = {
      columns: [
        { title: "ENDPOINT", cell: ({ name }: Row) => name },
        { title: "STATE", cell: ({ state }: Row) => state },
        { title: "TRAFFIC", cell: ({ traffic }: Row) => traffic },
        { title: "MIRROR", cell: ({ mirror }: Row) => mirror },
        { title: "SCORING URI", cell: ({ uri }: Row) => uri },
      ],
      rows: [...endpoints.map(azureRow), ...hosted.map(hostedRow)],
      nameOf: ({ name }: Row) => name,
      data: [...endpoints, ...hosted],
      ifEmpty: `There are no endpoints at ${client.url}. Make one: hostler ml online-endpoint create --name my-endpoint`,
    };
    await printListing(listing, options, context);
    return exitCodes.ok;
  },
});

function azureRow(endpoint: Endpoint): Row {
  const { name, provisioning_state: state, traffic, mirror_traffic: mirror, scoring_uri: uri } = endpoint;
  return { name, state, traffic: trafficText(traffic), mirror: trafficText(mirror), uri };
}

/** SageMaker's variants have weights, which are no percentages. */
function hostedRow({ name, status, variants, invocations_uri: uri }: HostedEndpointSummary): Row {
  const weights = (isShadow: boolean): string =>
    trafficText(
      Object.fromEntries(
        variants.filter((one) => one.is_shadow === isShadow).map((one) => [one.name, one.weight]),
      ),
    );
  return { name, state: status, traffic: weights(false), mirror: weights(true), uri };
}
