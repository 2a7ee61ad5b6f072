import { resolve } from "node:path";
import { exitCodes } from "../exit-codes.ts";
import { defineCommand } from "../framework/command.ts";
import { choice, flag, text } from "../framework/option.ts";
import { UsageError } from "../framework/usage-error.ts";

export const archive = defineCommand({
  description:
    "Takes the options of model-archiver. Hidden folders, compiled Python and an earlier MANIFEST.json are left out. The " +
    "archive is written as a whole or not at all.",
  examples: [
    {
      line: "archive --model-name iris --model-path ./iris --handler model_handler.py:handle",
      note: "makes iris.mar here",
    },
    {
      line: "archive --model-name iris --model-path ./iris --handler service --archive-format tgz",
      note: "makes iris.tar.gz, as SageMaker takes it",
    },
  ],
  arguments: {},
  options: {
    modelName: text({ flags: "--model-name <name>", help: "name of the model, and of the archive" }),
    modelPath: text({
      flags: "--model-path <folder>",
      help: "folder with the model's files and its handler",
    }),
    handler: text({
      flags: "--handler <handler>",
      help: "what runs the model, as file.py:function or module",
    }),
    runtime: choice({
      flags: "--runtime <language>",
      help: "language of the handler",
      choices: ["python", "python2", "python3"],
      fallback: "python",
    }),
    exportPath: text({
      flags: "--export-path <folder>",
      help: "folder that the archive is written to",
      note: "default .",
    }),
    archiveFormat: choice({
      flags: "--archive-format <format>",
      help: "a .mar file, a .tar.gz file, or a folder",
      choices: ["default", "tgz", "no-archive"],
      fallback: "default",
    }),
    force: flag({ flags: "-f, --force", help: "replace an archive of that name" }),
    convert: flag({
      flags: "-c, --convert",
      help: "accepted for model-archiver, which turns ONNX into MXNet",
      isHidden: true,
    }),
  },
  run: async (options, { terminal, cwd }) => {
    const { writeArchive } = await import("../../repositories/mar/archive-writer.ts");
    const { modelName, modelPath, handler, runtime, exportPath, archiveFormat, force, convert } = options;
    const folder = resolve(cwd, needed("--model-path", modelPath));
    if (convert) await refuseOnnx(folder);
    const path = await writeArchive({
      modelName: needed("--model-name", modelName),
      modelPath: folder,
      handler: needed("--handler", handler),
      runtime,
      exportPath: resolve(cwd, exportPath ?? "."),
      format: archiveFormat,
      force,
    });
    terminal.out.write(`${path}\n`);
    return exitCodes.ok;
  },
});

/** Where there is nothing to convert, the option changes nothing. */
async function refuseOnnx(folder: string): Promise<void> {
  const { readdir } = await import("node:fs/promises");
  const names = await readdir(folder).catch(() => []);
  if (!names.some((name) => name.endsWith(".onnx"))) return;
  throw new UsageError(
    "--convert turns ONNX files into MXNet's, which hostler does not.",
    "Pack the model as it is.",
  );
}

function needed(name: string, value: string | undefined): string {
  if (value !== undefined && value !== "") return value;
  throw new UsageError(`${name} is missing.`, "See hostler archive --help.");
}
