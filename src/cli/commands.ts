import type { CommandTable } from "./framework/command.ts";

/** Every command, in the order in which a newcomer meets them. */
export const commands: CommandTable = {
  summary: "one server for many models, speaking the contracts their clients already use",
  examples: [
    { line: "init demo", note: "make a folder with a model to try" },
    { line: "serve demo", note: "serve every model in it" },
    { line: "predict iris --sample", note: "ask a served model" },
    { line: "models ls", note: "see what is served, and how it fares" },
  ],
  groups: { models: "look at the models of a running server" },
  entries: [
    {
      path: "init",
      usage: "[DIR]",
      summary: "make a folder with an example model and the steps to serve it",
      load: async () => (await import("./commands/init.ts")).init,
    },
    {
      path: "serve",
      aliases: ["start"],
      usage: "DIR",
      summary: "serve every model below a folder",
      load: async () => (await import("./commands/serve.ts")).serve,
    },
    {
      path: "predict",
      usage: "MODEL",
      summary: "send one request to a model and print its answer",
      load: async () => (await import("./commands/predict.ts")).predict,
    },
    {
      path: "models ls",
      usage: "",
      summary: "list the models of a running server",
      load: async () => (await import("./commands/models/ls.ts")).list,
    },
    {
      path: "models describe",
      usage: "MODEL",
      summary: "tell everything about one model of a running server",
      load: async () => (await import("./commands/models/describe.ts")).describe,
    },
    {
      path: "doctor",
      usage: "",
      summary: "check this machine: versions, Python frameworks, ports, memory",
      load: async () => (await import("./commands/doctor.ts")).doctor,
    },
    {
      path: "completion",
      usage: "SHELL",
      summary: "print the completion script of a shell",
      load: async () => (await import("./commands/completion.ts")).completion,
    },
    {
      path: "shims",
      usage: "",
      summary: "print the line that puts the stand-ins for other tools on PATH",
      load: async () => (await import("./commands/shims.ts")).shims,
    },
    {
      path: "version",
      usage: "",
      summary: "show the version",
      load: async () => (await import("./commands/version.ts")).showVersion,
    },
  ],
};
