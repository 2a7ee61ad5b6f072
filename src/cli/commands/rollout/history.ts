import type { Revision } from "../../../contracts/control/endpoint.ts";
import { connect, controlOption, endpointArgument } from "../../control/control-command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { defineCommand } from "../../framework/command.ts";
import { outputOption, printListing, quietOption } from "../../output.ts";

export const history = defineCommand({
  examples: [
    { line: "rollout history my-endpoint", note: "who changed what, newest last" },
    { line: "rollout history my-endpoint -o json", note: "for a program" },
  ],
  arguments: { endpoint: endpointArgument },
  options: {
    output: outputOption,
    quiet: { ...quietOption, help: "revision numbers only, one a line" },
    url: controlOption,
  },
  run: async ({ endpoint, url, ...options }, context) => {
    const rows = await (await connect(url, context)).revisions(endpoint);
    const listing = {
      columns: [
        { title: "REVISION", cell: ({ revision }: Revision) => String(revision), align: "right" as const },
        { title: "AT", cell: ({ at }: Revision) => at },
        { title: "WHO", cell: ({ who }: Revision) => who },
        { title: "WHAT", cell: ({ what }: Revision) => what },
        { title: "CHANGED", cell: changesText },
      ],
      rows,
      nameOf: ({ revision }: Revision) => String(revision),
      data: rows,
      ifEmpty: `Endpoint ${endpoint} has no history.`,
    };
    await printListing(listing, options, context);
    return exitCodes.ok;
  },
});

const mostChanges = 4;
const longestValue = 40;

/** As `traffic.green: 0 → 20`; a few of them, and of what was made only its name. */
function changesText({ diff }: Revision): string {
  const changes = diff.filter(({ before, after }) => textOf(before) !== textOf(after));
  const shown = changes
    .slice(0, mostChanges)
    .map(({ path, before, after }) => `${path}: ${textOf(before)} → ${textOf(after)}`);
  const more = changes.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${String(more)} more`] : [])].join(", ");
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return "-";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= longestValue ? text : `${text.slice(0, longestValue)}…`;
}
