import { choice, requiredText, text, words } from "../grammar/flag.ts";
import { defineVerb, type Noun } from "../grammar/verb.ts";
import { listing, nameOf, whichVersion } from "./asset-flags.ts";
import { datastore, edits, file, noWait, registryName, set, variables, yes } from "./common-flags.ts";

const description = text({ names: ["--description"], help: "Description of the environment" });
const which = whichVersion("environment");

const create = defineVerb({
  path: "environment create",
  summary: "Register an environment: an image, a conda file, a build context",
  description: "Without a version it gets the next whole number.",
  examples: [
    { line: "ml environment create -f environment.yml", note: "as the file says" },
    {
      line: "ml environment create -n my-env --image my-image:1 --conda-file conda.yml",
      note: "without a file",
    },
    { line: "ml environment create -n my-env --build-context ./docker", note: "from a Dockerfile" },
  ],
  flags: {
    file,
    name: text(nameOf("environment")),
    version: which.version,
    image: text({ names: ["--image", "-i"], help: "Container image" }),
    condaFile: text({ names: ["--conda-file", "-c"], help: "Conda specification", completes: "file" }),
    buildContext: text({
      names: ["--build-context", "-b"],
      help: "Folder to build the image from",
      completes: "folder",
    }),
    dockerfilePath: text({ names: ["--dockerfile-path", "-d"], help: "Dockerfile below that folder" }),
    osType: choice({
      names: ["--os-type"],
      help: "linux where it is left out",
      choices: ["linux", "windows"],
    }),
    description,
    tags: words({ names: ["--tags"], help: "Tags, as --tags team=search stage=test" }),
    set,
    variables,
    noWait,
    datastore,
    registryName,
  },
  run: async (values, session) =>
    (await import("../verbs/environment-create.ts")).createEnvironment(values, session),
});

const show = defineVerb({
  path: "environment show",
  summary: "Show one version of an environment",
  examples: [{ line: "ml environment show -n my-env -l latest", note: "the newest one" }],
  flags: { name: requiredText(nameOf("environment")), ...which, registryName },
  run: async (values, session) =>
    (await import("../verbs/asset-read.ts")).showAsset("environments", values, session),
});

const list = defineVerb({
  path: "environment list",
  summary: "List environments, or the versions of one",
  examples: [{ line: "ml environment list -o table", note: "the newest version of each" }],
  flags: { name: text(nameOf("environment")), ...listing, registryName },
  columns: ["name", "latest version", "version"],
  run: async (values, session) =>
    (await import("../verbs/asset-read.ts")).listAssets(
      "environments",
      { ...values, stage: undefined },
      session,
    ),
});

const update = defineVerb({
  path: "environment update",
  summary: "Change the tags, description or properties of an environment",
  examples: [{ line: "ml environment update -n my-env -v 1 --set tags.team=search", note: "a tag" }],
  flags: { name: text(nameOf("environment")), ...which, description, ...edits, registryName },
  run: async (values, session) =>
    (await import("../verbs/asset-update.ts")).updateAsset(
      "environments",
      { ...values, stage: undefined },
      session,
    ),
});

const archive = defineVerb({
  path: "environment archive",
  summary: "Leave an environment out of lists; deployments go on using it",
  examples: [{ line: "ml environment archive -n my-env -v 1", note: "one version; without -v all of them" }],
  flags: { name: requiredText(nameOf("environment")), ...which, registryName },
  run: async (values, session) => {
    const { archiveAsset } = await import("../verbs/asset-update.ts");
    await archiveAsset("environments", { ...values, isArchived: true }, session);
  },
});

const restore = defineVerb({
  path: "environment restore",
  summary: "Take an environment back into lists",
  examples: [{ line: "ml environment restore -n my-env -v 1", note: "one version; without -v all of them" }],
  flags: { name: requiredText(nameOf("environment")), ...which, registryName },
  run: async (values, session) => {
    const { archiveAsset } = await import("../verbs/asset-update.ts");
    await archiveAsset("environments", { ...values, isArchived: false }, session);
  },
});

const remove = defineVerb({
  path: "environment delete",
  summary: "Delete a version of an environment that no deployment uses",
  examples: [{ line: "ml environment delete -n my-env -v 1 --yes", note: "without being asked" }],
  flags: { name: requiredText(nameOf("environment")), ...which, yes },
  run: async (values, session) => {
    await (await import("../verbs/asset-delete.ts")).deleteAsset("environments", values, session);
  },
});

export const environmentNoun: Noun = {
  name: "environment",
  summary: "Registered environments",
  verbs: [create, show, list, update, archive, restore, remove],
};
