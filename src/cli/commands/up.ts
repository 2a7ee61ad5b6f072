import { engineChoices } from "../../contracts/control/deployment.ts";
import { defineCommand } from "../framework/command.ts";
import { choice, flag, integer, optional, text, textOr } from "../framework/option.ts";
import { version } from "../version.ts";

export const up = defineCommand({
  description:
    "Runs online endpoints on this machine: a gateway that speaks their data plane, and a control plane that az ml lines, " +
    "azure-ai-ml and hostler ml talk to. What was asked for is kept in the state folder and restored at the next start. " +
    "With DIR the models below it are served beside the endpoints, as hostler serve does.",
  examples: [
    { line: "up", note: "data on 127.0.0.1:8800, control on 8801, TLS on 8802" },
    { line: "up models --state ./state", note: "a folder of models too; state kept here" },
    { line: "up --engine process", note: "never look for a container engine" },
    { line: "up --print-env", note: "what azure-ai-ml and boto3 have to be told" },
  ],
  arguments: {
    dir: optional({ name: "DIR", help: "folder with models to serve as well", completes: "folder" }),
  },
  options: {
    state: text({
      flags: "--state <folder>",
      help: "where endpoints, models and keys are kept; without it, hostler in the user's own state folder",
      variable: "HOSTLER_STATE",
    }),
    port: integer({
      flags: "--port <number>",
      help: "data port; control and TLS take the next two, 0 takes any free ones",
      least: 0,
      most: 65_533,
      fallback: 8800,
    }),
    host: textOr({ flags: "--host <address>", help: "address to listen on", fallback: "127.0.0.1" }),
    engine: choice({
      flags: "--engine <engine>",
      help: "where instances run when their deployment does not say",
      choices: engineChoices,
      variable: "HOSTLER_ENGINE",
      fallback: "auto",
    }),
    pull: flag({ flags: "--pull", help: "let the container engine fetch images that it does not have" }),
    python: text({
      flags: "--python <interpreter>",
      help: "Python of scoring scripts",
      note: "env HOSTLER_PYTHON",
    }),
    adminKeyFile: text({
      flags: "--admin-key-file <file>",
      help: "file with the key that the control API asks for",
    }),
    printEnv: flag({
      flags: "--print-env",
      help: "print the variables that azure-ai-ml and boto3 need, and end",
    }),
    logLevel: text({
      flags: "--log-level <level>",
      help: "least level that is logged: debug, info, warn, error",
    }),
    logFormat: text({ flags: "--log-format <format>", help: "auto, json or pretty" }),
  },
  run: async ({ dir, ...options }, context) => {
    const { err } = context.terminal;
    err.write(`${err.colors.bold(`hostler ${version()}`)} up\n`);
    const { runUp } = await import("../up/run-up.ts");
    return await runUp({ dir, ...options }, context);
  },
});
