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
  groups: {
    models: "look at the models of a running server",
    endpoints: "look at the online endpoints of a running control plane",
    rollout: "move traffic from one deployment to another, and back",
  },
  foreign: [
    {
      path: "ml",
      usage: "NOUN VERB",
      summary: "work with online endpoints in the words of az ml",
      load: async () => (await import("./ml/foreign-command.ts")).ml,
    },
    {
      path: "az",
      usage: "NOUN VERB",
      summary: "what scripts around az ml lines need besides them",
      isHidden: true,
      load: async () => (await import("./az/foreign-command.ts")).az,
    },
    {
      path: "mms",
      usage: "",
      summary: "start or stop a server as multi-model-server does",
      isHidden: true,
      load: async () => (await import("./mms/run-line.ts")).mms,
    },
  ],
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
      path: "up",
      usage: "[DIR]",
      summary: "run online endpoints on this machine, for az ml lines and azure-ai-ml",
      load: async () => (await import("./commands/up.ts")).up,
    },
    {
      path: "score",
      usage: "",
      summary: "serve an Azure ML scoring script, as azmlinfsrv does",
      load: async () => (await import("./commands/score.ts")).score,
    },
    {
      path: "pipeline",
      usage: "CONTAINER...",
      summary: "chain containers or servers, as SageMaker's inference pipelines do",
      load: async () => (await import("./commands/pipeline.ts")).pipeline,
    },
    {
      path: "archive",
      usage: "",
      summary: "pack a model for Multi Model Server or SageMaker",
      load: async () => (await import("./commands/archive.ts")).archive,
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
      path: "endpoints ls",
      usage: "",
      summary: "list the online endpoints",
      load: async () => (await import("./commands/endpoints/ls.ts")).list,
    },
    {
      path: "endpoints metrics",
      usage: "ENDPOINT",
      summary: "show what each deployment of an endpoint did",
      load: async () => (await import("./commands/endpoints/metrics.ts")).metrics,
    },
    {
      path: "endpoints events",
      usage: "ENDPOINT",
      summary: "show what happened to an endpoint",
      load: async () => (await import("./commands/endpoints/events.ts")).events,
    },
    {
      path: "endpoints mirror",
      usage: "ENDPOINT",
      summary: "compare mirrored answers with the live ones",
      load: async () => (await import("./commands/endpoints/mirror.ts")).mirror,
    },
    {
      path: "rollout start",
      usage: "ENDPOINT",
      summary: "move the traffic of an endpoint to a deployment, step by step",
      load: async () => (await import("./commands/rollout/start.ts")).start,
    },
    {
      path: "rollout status",
      usage: "ENDPOINT",
      summary: "show how far a rollout is",
      load: async () => (await import("./commands/rollout/status.ts")).status,
    },
    {
      path: "rollout cancel",
      usage: "ENDPOINT",
      summary: "stop a rollout where it is",
      load: async () => (await import("./commands/rollout/cancel.ts")).cancel,
    },
    {
      path: "rollout undo",
      usage: "ENDPOINT",
      summary: "take the newest change of an endpoint back",
      load: async () => (await import("./commands/rollout/undo.ts")).undo,
    },
    {
      path: "rollout history",
      usage: "ENDPOINT",
      summary: "show who changed what of an endpoint",
      load: async () => (await import("./commands/rollout/history.ts")).history,
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
