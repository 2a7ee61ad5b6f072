import { defineCommand } from "../framework/command.ts";
import { choice, flag, integer, several, text, texts, textOr } from "../framework/option.ts";

const megabyte = 1 << 20;

export const pipeline = defineCommand({
  description:
    "Runs SageMaker's inference pipelines on this machine. The body that one container answers is what the next is " +
    "asked, under the type that it came with; the caller's Accept is for the last. A CONTAINER is an image that is " +
    "started for it, with the port to listen on in SAGEMAKER_BIND_TO_PORT, or the URL of a server that runs already. " +
    "NAME=CONTAINER names it; without a name they are container-1, container-2 and so on.",
  examples: [
    { line: "pipeline features:1 model:1", note: "two images, one after the other" },
    {
      line: "pipeline http://127.0.0.1:9001 http://127.0.0.1:8080/models/iris/invoke",
      note: "a server of your own before a model that hostler serves",
    },
    { line: "pipeline --mode direct a=image-a b=image-b", note: "the caller says which of them" },
  ],
  arguments: {
    containers: several({ name: "CONTAINER...", help: "images or URLs, in their order" }),
  },
  options: {
    mode: choice({
      flags: "--mode <mode>",
      help: "serial: one after the other; direct: the one that X-Amzn-SageMaker-Target-Container-Hostname names",
      choices: ["serial", "direct"],
      fallback: "serial",
    }),
    port: integer({
      flags: "--port <number>",
      help: "port to serve on; 0 takes any free one",
      least: 0,
      most: 65_535,
      fallback: 8080,
    }),
    host: textOr({ flags: "--host <address>", help: "address to listen on", fallback: "127.0.0.1" }),
    accept: text({
      flags: "--accept <type>",
      help: "what all containers but the last are to answer with; without it they choose themselves",
      variable: "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT",
    }),
    model: texts({
      flags: "--model <name=folder>",
      help: "folder that a container finds as /opt/ml/model; may be repeated",
    }),
    env: texts({
      flags: "--env <name=value>",
      help: "variable for every container that is started; may be repeated",
    }),
    pull: flag({ flags: "--pull", help: "let the container engine fetch images that it does not have" }),
    startupTimeout: integer({
      flags: "--startup-timeout <seconds>",
      help: "how long containers have until they answer their pings",
      least: 1,
      most: 3600,
      fallback: 480,
    }),
    timeout: integer({
      flags: "--timeout <seconds>",
      help: "how long a container has for its answer",
      least: 1,
      most: 3600,
      fallback: 60,
    }),
    maxBody: integer({
      flags: "--max-body <bytes>",
      help: "largest body that is taken, and handed on",
      least: 1,
      most: 1024 * megabyte,
      fallback: 25 * megabyte,
    }),
    insecureNoAuth: flag({
      flags: "--insecure-no-auth",
      help: "let an address off loopback be served without keys",
    }),
  },
  run: async (options, context) => {
    const { runPipeline } = await import("../pipeline/run-pipeline.ts");
    return await runPipeline(options, context);
  },
});
