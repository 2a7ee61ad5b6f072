import { join, resolve } from "node:path";
import { exitCodes } from "../exit-codes.ts";
import { defineCommand } from "../framework/command.ts";
import { optional } from "../framework/option.ts";
import { outputOption, printListing, quietOption } from "../output.ts";
import { shellQuote } from "../shell-quote.ts";
import type { Colors } from "../terminal.ts";

export const init = defineCommand({
  description:
    "Writes settings, a model with its training script, a sample request and a README. Needs no network.",
  examples: [
    { line: "init demo", note: "in a new folder" },
    { line: "init", note: "in this folder; nothing that is there is overwritten" },
  ],
  arguments: {
    dir: optional({ name: "DIR", help: "folder to fill (default: this one)", completes: "folder" }),
  },
  options: { output: outputOption, quiet: { ...quietOption, help: "names of the created files only" } },
  run: async ({ dir = ".", ...options }, context) => {
    const { scaffold } = await import("../init/scaffold.ts");
    const { exampleModel } = await import("../init/templates.ts");
    const files = await scaffold(resolve(context.cwd, dir));
    const created = files.filter(({ result }) => result === "created");
    await printListing(
      {
        columns: [
          { title: "FILE", cell: ({ path }) => join(dir, path) },
          { title: "", cell: ({ result }) => (result === "kept" ? "was there, kept" : "created") },
        ],
        rows: options.quiet ? created : files,
        nameOf: ({ path }) => join(dir, path),
        data: { folder: resolve(context.cwd, dir), files },
        ifEmpty: "",
      },
      options,
      context,
    );
    if (options.output === "table" && !options.quiet) {
      const { err } = context.terminal;
      err.write(nextSteps(dir, exampleModel, err.colors));
    }
    return exitCodes.ok;
  },
});

function nextSteps(dir: string, model: string, { bold, dim }: Colors): string {
  const steps = [
    ...(dir === "." ? [] : [`cd ${shellQuote(dir)}`]),
    `python3 -m venv .venv && .venv/bin/pip install scikit-learn   ${dim("# or any Python that has it")}`,
    `.venv/bin/python models/${model}/train.py`,
    "hostler serve . --python .venv/bin/python",
    `hostler predict ${model} -f models/${model}/sample_input.json   ${dim("# in another terminal")}`,
  ];
  return `\n${bold("Next")}\n${steps.map((step) => `  ${step}\n`).join("")}`;
}
