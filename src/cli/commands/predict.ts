import { clientOptions, clientOptionsOf } from "../client-options.ts";
import { exitCodes } from "../exit-codes.ts";
import { defineCommand } from "../framework/command.ts";
import { flag, text } from "../framework/option.ts";
import { UsageError } from "../framework/usage-error.ts";
import { modelArgument } from "../model-target.ts";
import { outputOption, quietOption } from "../output.ts";

export const predict = defineCommand({
  description:
    "The request is a file in the V2 format, rows typed on the command line, or a sample of zeros in the shape that " +
    "the model takes. MODEL is asked at a running server; a folder (./models/iris) is served for this one request.",
  examples: [
    { line: "predict mnist-svm --sample", note: "does it answer at all?" },
    { line: "predict iris --data '[[5.1, 3.5, 1.4, 0.2]]'", note: "rows of numbers" },
    { line: "predict mnist-svm -f request.json", note: "a V2 request; - reads standard input" },
    { line: "predict mnist-svm@v0.1.0 -f request.json -o json", note: "one version; the whole answer" },
    { line: "predict ./models/iris -f request.json", note: "without a running server" },
  ],
  arguments: { model: modelArgument },
  options: {
    file: text({ flags: "-f, --file <path>", help: "V2 request to send; - for standard input" }),
    data: text({ flags: "--data <json>", help: "values of the only input, as a JSON array of rows" }),
    sample: flag({ flags: "--sample", help: "send zeros in the shape that the model takes" }),
    output: outputOption,
    quiet: { ...quietOption, help: "values only, one output a line" },
    ...clientOptions,
    python: text({
      flags: "--python <interpreter>",
      help: "Python that runs a model given as a folder",
      note: "env HOSTLER_PYTHON",
    }),
  },
  run: async ({ model, file, data, sample, ...options }, context) => {
    const given = [file, data, sample ? true : undefined].filter((one) => one !== undefined);
    if (given.length !== 1) {
      throw new UsageError(
        given.length === 0
          ? "There is nothing to predict from."
          : "There is more than one thing to predict from.",
        "Give one of -f FILE, --data JSON and --sample.",
      );
    }
    const { askModel } = await import("../predict/ask-model.ts");
    const { formatReply } = await import("../predict/reply.ts");
    const { python } = options;
    const reply = await askModel(
      { model, file, data, client: clientOptionsOf(options, context), python },
      context,
    );
    context.terminal.out.write(await formatReply(reply, options));
    return exitCodes.ok;
  },
});
