import { modelTypes } from "../../../contracts/control/assets.ts";
import { choice, requiredText, text, words } from "../grammar/flag.ts";
import { defineVerb, type Noun } from "../grammar/verb.ts";
import { listing, nameOf, whichVersion } from "./asset-flags.ts";
import { datastore, edits, file, noWait, registryName, set, variables, yes } from "./common-flags.ts";

const stage = text({ names: ["--stage", "-s"], help: "Stage of the model, as Production" });
const description = text({ names: ["--description"], help: "Description of the model" });
const which = whichVersion("model");

const create = defineVerb({
  path: "model create",
  summary: "Register a model: its files are copied",
  description: "Without a version it gets the next whole number.",
  examples: [
    { line: "ml model create -n my-model -p ./model.pkl", note: "a file; a folder works too" },
    { line: "ml model create -f model.yml", note: "as the file says" },
  ],
  flags: {
    file,
    name: text(nameOf("model")),
    version: which.version,
    path: text({ names: ["--path", "-p"], help: "File or folder of the model", completes: "file" }),
    type: choice({
      names: ["--type", "-t"],
      help: "What it is; custom_model where it is left out",
      choices: modelTypes,
    }),
    description,
    tags: words({ names: ["--tags"], help: "Tags, as --tags team=search stage=test" }),
    stage,
    set,
    variables,
    noWait,
    datastore,
    registryName,
  },
  run: async (values, session) => (await import("../verbs/model-create.ts")).createModel(values, session),
});

const show = defineVerb({
  path: "model show",
  summary: "Show one version of a model",
  examples: [
    { line: "ml model show -n my-model -v 1", note: "a version" },
    { line: "ml model show -n my-model -l latest --query version -o tsv", note: "which one is the newest" },
  ],
  flags: { name: requiredText(nameOf("model")), ...which, registryName },
  run: async (values, session) =>
    (await import("../verbs/asset-read.ts")).showAsset("models", values, session),
});

const list = defineVerb({
  path: "model list",
  summary: "List models, or the versions of one",
  examples: [
    { line: "ml model list -o table", note: "the newest version of each" },
    { line: "ml model list -n my-model", note: "all versions of one" },
  ],
  flags: { name: text(nameOf("model")), stage, ...listing, registryName },
  columns: ["name", "stage", "description", "latest version", "version", "model type", "path"],
  run: async (values, session) =>
    (await import("../verbs/asset-read.ts")).listAssets("models", values, session),
});

const update = defineVerb({
  path: "model update",
  summary: "Change the tags, description, properties or stage of a model",
  examples: [{ line: "ml model update -n my-model -v 1 --set tags.stage=prod", note: "a tag" }],
  flags: { name: text(nameOf("model")), ...which, description, stage, ...edits, registryName },
  run: async (values, session) =>
    (await import("../verbs/asset-update.ts")).updateAsset("models", values, session),
});

const archive = defineVerb({
  path: "model archive",
  summary: "Leave a model out of lists; deployments go on using it",
  examples: [{ line: "ml model archive -n my-model -v 1", note: "one version; without -v all of them" }],
  flags: { name: requiredText(nameOf("model")), ...which, registryName },
  run: async (values, session) => {
    await (await import("../verbs/asset-update.ts")).archiveAsset(
      "models",
      { ...values, isArchived: true },
      session,
    );
  },
});

const restore = defineVerb({
  path: "model restore",
  summary: "Take a model back into lists",
  examples: [{ line: "ml model restore -n my-model -v 1", note: "one version; without -v all of them" }],
  flags: { name: requiredText(nameOf("model")), ...which, registryName },
  run: async (values, session) => {
    await (await import("../verbs/asset-update.ts")).archiveAsset(
      "models",
      { ...values, isArchived: false },
      session,
    );
  },
});

const download = defineVerb({
  path: "model download",
  summary: "Copy the files of a model",
  examples: [{ line: "ml model download -n my-model -v 1 -p ./models", note: "into ./models/my-model" }],
  flags: {
    name: requiredText(nameOf("model")),
    version: requiredText({ names: ["--version", "-v"], help: "Version of the model" }),
    downloadPath: text({
      names: ["--download-path", "-p"],
      help: "Folder to copy into; the present one where it is left out",
      completes: "folder",
    }),
    registryName,
  },
  run: async (values, session) => {
    await (await import("../verbs/model-download.ts")).downloadModel(values, session);
  },
});

const remove = defineVerb({
  path: "model delete",
  summary: "Delete a version of a model that no deployment uses",
  examples: [{ line: "ml model delete -n my-model -v 1 --yes", note: "without being asked" }],
  flags: { name: requiredText(nameOf("model")), ...which, yes },
  run: async (values, session) => {
    await (await import("../verbs/asset-delete.ts")).deleteAsset("models", values, session);
  },
});

export const modelNoun: Noun = {
  name: "model",
  summary: "Registered models",
  verbs: [create, show, list, update, archive, restore, download, remove],
};
