import { join } from "node:path";
import { defineCommand } from "../framework/command.ts";
import { exitCodes } from "../exit-codes.ts";
import { packageRoot } from "../package-root.ts";
import { shellQuote } from "../shell-quote.ts";

export const shims = defineCommand({
  description:
    "The stand-ins take the command lines of other tools and run hostler instead. What they do not know they hand to " +
    "the real tool further down PATH. Only the shell that evaluates the line is changed.",
  examples: [
    { line: "shims", note: "show the line" },
    { line: 'shims | grep -o "/.*/shims"', note: "just the folder" },
  ],
  arguments: {},
  options: {},
  run: ({}, { terminal }) => {
    terminal.out.write(`export PATH=${shellQuote(join(packageRoot(), "shims"))}:"$PATH"\n`);
    if (terminal.out.isTty) terminal.err.write('To use them in this shell: eval "$(hostler shims)"\n');
    return Promise.resolve(exitCodes.ok);
  },
});
