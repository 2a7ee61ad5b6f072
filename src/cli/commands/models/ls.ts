import type { Overview } from "../../../contracts/snapshot.ts";
import { clientOptions, clientOptionsOf } from "../../client-options.ts";
import { exitCodes } from "../../exit-codes.ts";
import { type Context, defineCommand } from "../../framework/command.ts";
import { brokenRow, labelOf, modelColumns, type ModelRow } from "../../model-table.ts";
import { type Listing, outputOption, printListing, quietOption } from "../../output.ts";
import { printable } from "../../printable.ts";

export const list = defineCommand({
  examples: [
    { line: "models ls", note: "name, version, runtime, state, memory and load time of each" },
    { line: "models ls -o json", note: "the same, and more, for a program" },
    { line: "models ls -q", note: "just name@version, one a line" },
    { line: "models ls --url http://10.0.0.7:8080", note: "of a server elsewhere" },
  ],
  arguments: {},
  options: { output: outputOption, quiet: quietOption, ...clientOptions },
  run: async (options, context) => {
    const { createClient } = await import("../../client.ts");
    const overview = await createClient(clientOptionsOf(options, context)).overview();
    await printListing(await listingOf(overview, context), options, context);
    if (options.output === "table" && !options.quiet) explainFailures(overview, context);
    return exitCodes.ok;
  },
});

async function listingOf(
  { models, problems, server }: Overview,
  { terminal }: Context,
): Promise<Listing<ModelRow>> {
  const { modelFromWire } = await import("../../../contracts/snapshot.ts");
  return {
    columns: modelColumns(terminal.out.colors),
    rows: [...models.map(modelFromWire), ...problems.map(({ name }) => brokenRow(name))],
    nameOf: labelOf,
    data: { models, problems },
    ifEmpty: `The server at ${server.url} has no models.`,
  };
}

/** What the table has no room for: why a model is not served, and what to do. */
function explainFailures({ models, problems }: Overview, { terminal: { err } }: Context): void {
  const failed = models.flatMap((model) =>
    model.reason === null ? [] : [`${labelOf(model)}: ${model.reason}`],
  );
  const broken = problems.map(({ name, where, reason, hint }) =>
    `${name}: ${where}: ${reason} ${hint ?? ""}`.trimEnd(),
  );
  for (const line of [...failed, ...broken]) err.write(`${err.colors.yellow("!")} ${printable(line)}\n`);
}
