import { defineCommand } from "../framework/command.ts";
import { exitCodes } from "../exit-codes.ts";
import { outputOption, serialize } from "../output.ts";
import { version } from "../version.ts";

export const showVersion = defineCommand({
  examples: [
    { line: "version", note: "hostler 1.2.3" },
    { line: "version -o json", note: "with Node.js and the platform, for a bug report" },
  ],
  arguments: {},
  options: { output: outputOption },
  run: async ({ output }, { terminal }) => {
    const data = {
      hostler: version(),
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
    };
    terminal.out.write(output === "table" ? `hostler ${data.hostler}\n` : await serialize(data, output));
    return exitCodes.ok;
  },
});
