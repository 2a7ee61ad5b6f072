import { defineCommand } from "../framework/command.ts";
import { required, text } from "../framework/option.ts";
import { firstLine } from "../serve/first-line.ts";
import { settingsOptions } from "../serve/settings-options.ts";
import { version } from "../version.ts";

export const serve = defineCommand({
  description:
    "Serves the models that the model-settings.json files below DIR describe. Settings come from options, then HOSTLER_* " +
    "variables, then settings.json in DIR, then MLSERVER_* variables, then .env. Standard output is the log; what is " +
    "said to people goes to standard error.",
  examples: [
    { line: "serve .", note: "the models of this folder, on 127.0.0.1:8080" },
    { line: "serve demo --port 0 --metrics-port 0", note: "on any free ports" },
    { line: "serve demo --python demo/.venv/bin/python", note: "with a Python that has the frameworks" },
    { line: "serve demo --lazy --memory-budget 2GB", note: "load on first use, evict when full" },
    { line: "serve demo --strict", note: "end with 1 if any model is broken" },
  ],
  arguments: { dir: required({ name: "DIR", help: "folder with the models", completes: "folder" }) },
  options: {
    ...settingsOptions,
    standIn: text({ flags: "--as <tool>", help: "the tool that a stand-in was called as", isHidden: true }),
  },
  run: async ({ dir, standIn, ...flags }, context) => {
    const { err } = context.terminal;
    // At once: loading the server and Python takes long enough to make one wonder.
    err.write(firstLine(version(), dir, err.colors));
    const { serveFolder } = await import("../serve/serve-folder.ts");
    return await serveFolder({ folder: dir, flags, standIn }, context);
  },
});
