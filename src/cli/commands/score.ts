import { defineCommand } from "../framework/command.ts";
import { flag, integer, text, textOr } from "../framework/option.ts";

const megabyte = 1 << 20;

export const score = defineCommand({
  description:
    "Serves an Azure ML scoring script, init() and run(), the way azmlinfsrv does: the same flags, variables, routes, " +
    "headers and log. Health answers while run() works, several workers work at once, and --reload serves edited code.",
  examples: [
    { line: "score --entry_script score.py", note: "on http://127.0.0.1:5001/score" },
    { line: "score --entry_script score.py --model_dir ./model", note: "with AZUREML_MODEL_DIR" },
    { line: "score --entry_script score.py --reload", note: "serve every edit" },
    { line: "score --config_file config.json --worker_count 2", note: "what to serve is in the file" },
  ],
  arguments: {},
  options: {
    entryScript: text({ flags: "--entry_script <file>", help: "the scoring script" }),
    modelDir: text({ flags: "--model_dir <folder>", help: "what AZUREML_MODEL_DIR is to be" }),
    port: text({ flags: "--port <number>", help: "port to serve on", note: "default 5001" }),
    healthPort: text({
      flags: "--health_port <number>",
      help: "port for health alone, with SEPERATE_HEALTH_ENDPOINT=true",
      note: "default 5000",
    }),
    workerCount: text({
      flags: "--worker_count <number>",
      help: "processes that run the script",
      note: "default 1",
    }),
    appInsightsKey: text({
      flags: "--appinsights_instrumentation_key <key>",
      help: "checked and shown to the script; nothing is sent",
    }),
    corsOrigins: text({
      flags: "--access_control_allow_origins <origins>",
      help: 'origins whose pages may call, as "a, b", or *',
    }),
    configFile: text({
      flags: "--config_file <file>",
      help: "JSON with settings; flags and variables go before it",
    }),
    rest: flag({ flags: "--rest", help: "accepted, and of no effect", isHidden: true }),
    reload: flag({ flags: "--reload", help: "serve the code anew whenever it changes" }),
    host: textOr({ flags: "--host <address>", help: "address to listen on", fallback: "127.0.0.1" }),
    insecureNoAuth: flag({
      flags: "--insecure-no-auth",
      help: "let an address off loopback be served without keys",
    }),
    maxBody: integer({
      flags: "--max-body <bytes>",
      help: "largest body that is taken",
      least: 1,
      most: 1024 * megabyte,
      fallback: 100 * megabyte,
    }),
    python: text({
      flags: "--python <interpreter>",
      help: "Python of the script",
      note: "env HOSTLER_PYTHON",
    }),
  },
  run: async (options, context) => {
    const { runScore } = await import("../score/run-score.ts");
    return await runScore(options, context);
  },
});
