import { resolve } from "node:path";
import { defineCommand } from "../framework/command.ts";
import { optional, type Option, text } from "../framework/option.ts";
import { UsageError } from "../framework/usage-error.ts";
import { chooseProfile, hostNames, type ServeProfile, serveProfiles } from "../serve/choose-profile.ts";
import { firstLine } from "../serve/first-line.ts";
import { settingsOptions } from "../serve/settings-options.ts";
import { version } from "../version.ts";

const profileOption: Option<ServeProfile | undefined> = {
  flags: "--profile <name>",
  help: "what to be: v2, Multi Model Server (mms), TorchServe, or a SageMaker container",
  choices: serveProfiles,
  note: "default v2; sagemaker where SAGEMAKER_MULTI_MODEL or SAGEMAKER_BIND_TO_PORT is set",
  read: (given) => {
    const chosen = serveProfiles.find((one) => one === given);
    if (chosen !== undefined || given === undefined) return chosen;
    throw new UsageError(
      `--profile cannot be ${JSON.stringify(given)}.`,
      `Choose one of: ${serveProfiles.join(", ")}.`,
    );
  },
};

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
    { line: "serve --profile mms --model-store store", note: "as Multi Model Server does" },
  ],
  arguments: { dir: optional({ name: "DIR", help: "folder with the models", completes: "folder" }) },
  options: {
    ...settingsOptions,
    profile: profileOption,
    mmsConfig: text({
      flags: "--mms-config <file>",
      help: "Multi Model Server's settings; config.properties here without it",
    }),
    modelStore: text({
      flags: "--model-store <folder>",
      help: "folder that Multi Model Server's models are loaded from",
    }),
    models: text({
      flags: "--models <list>",
      help: "its models to load at the start, as name=url,url or ALL",
    }),
    standIn: text({ flags: "--as <tool>", help: "the tool that a stand-in was called as", isHidden: true }),
  },
  run: async ({ dir, standIn, profile, mmsConfig, modelStore, models, ...flags }, context) => {
    const { cwd, environment, terminal } = context;
    const { err } = terminal;
    const chosen = chooseProfile(profile, environment);
    if (chosen !== "v2") {
      err.write(firstLine(version(), dir ?? `as ${hostNames[chosen]}`, err.colors));
      const { serveHost } = await import("../serve/serve-host.ts");
      const folder = dir === undefined ? null : resolve(cwd, dir);
      return await serveHost(
        { profile: chosen, folder, config: mmsConfig, modelStore, models: models?.split(","), flags },
        context,
      );
    }
    if (dir === undefined) {
      throw new UsageError(
        "Missing required argument 'DIR'.",
        "For example: hostler serve . See hostler serve --help",
      );
    }
    // At once: loading the server and Python takes long enough to make one wonder.
    err.write(firstLine(version(), dir, err.colors));
    const { serveFolder } = await import("../serve/serve-folder.ts");
    return await serveFolder({ folder: dir, flags, standIn }, context);
  },
});
