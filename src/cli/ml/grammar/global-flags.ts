import { choice, switchedOn, text } from "./flag.ts";

const outputFormats = ["json", "jsonc", "table", "tsv", "yaml", "yamlc", "none"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** Flags of every verb. There is one workspace here, so that whatever names another one is read and left alone. */
export const globalFlags = {
  resourceGroup: text({
    names: ["--resource-group", "-g"],
    help: "Taken and ignored: there is one workspace here",
  }),
  workspaceName: text({
    names: ["--workspace-name", "-w"],
    help: "Taken and ignored: there is one workspace here",
  }),
  subscription: text({ names: ["--subscription"], help: "Taken and ignored: there is one workspace here" }),
  output: choice({
    names: ["--output", "-o"],
    help: "How to print the result; json where it is left out",
    choices: outputFormats,
  }),
  query: text({ names: ["--query"], help: "JMESPath of what is printed; see https://jmespath.org" }),
  onlyShowErrors: switchedOn({ names: ["--only-show-errors"], help: "No warnings and no progress" }),
  verbose: switchedOn({ names: ["--verbose"], help: "Taken and ignored" }),
  debug: switchedOn({ names: ["--debug"], help: "Show where an error comes from" }),
  help: switchedOn({ names: ["--help", "-h"], help: "Show this help" }),
} as const;
