import { engineChoices } from "../../../contracts/control/deployment.ts";
import { choice, integer, requiredText, switchedOn, text, threeState } from "../grammar/flag.ts";
import { defineVerb, type Noun } from "../grammar/verb.ts";
import {
  edits,
  endpointOfDeployment,
  file,
  local,
  location,
  nameOfDeployment,
  noWait,
  set,
  variables,
  web,
  yes,
} from "./common-flags.ts";

/** Parts of a deployment, for lines without a file. Azure's command line has none of them. */
const parts = {
  model: text({
    names: ["--model"],
    help: "Registered model, as azureml:NAME:VERSION, or a file or folder",
    isExtra: true,
  }),
  codeConfiguration: text({
    names: ["--code-configuration", "--code"],
    help: "Folder with the scoring script",
    completes: "folder",
    isExtra: true,
  }),
  scoringScript: text({
    names: ["--scoring-script"],
    help: "The scoring script, below that folder or as a path to it",
    completes: "file",
    isExtra: true,
  }),
  environment: text({
    names: ["--environment"],
    help: "Registered environment, as azureml:NAME:VERSION",
    isExtra: true,
  }),
  instanceType: text({ names: ["--instance-type"], help: "Kept, without effect", isExtra: true }),
  instanceCount: integer({ names: ["--instance-count"], help: "How many instances", isExtra: true }),
  engine: choice({
    names: ["--engine"],
    help: "Where instances run",
    choices: engineChoices,
    isExtra: true,
  }),
  location,
};

/** What matters to Azure's own way of running things locally, or to its studio. */
const ignored = {
  localEnableGpu: threeState({ names: ["--local-enable-gpu"], help: "Taken and ignored", isHidden: true }),
  vscodeDebug: threeState({ names: ["--vscode-debug"], help: "Taken and ignored", isHidden: true }),
  web,
};

const skipScriptValidation = switchedOn({
  names: ["--skip-script-validation"],
  help: "Do not look whether the scoring script is there and is Python",
});

const create = defineVerb({
  path: "online-deployment create",
  summary: "Create a deployment below an online endpoint",
  description: "From a YAML file, from flags alone, or both: a flag wins over the file.",
  examples: [
    { line: "ml online-deployment create -f blue.yml --all-traffic", note: "and send everything to it" },
    {
      line: "ml online-deployment create -e my-endpoint -n green -f blue.yml",
      note: "the same under another name",
    },
    {
      line: "ml online-deployment create -n blue -e my-endpoint --model ./model.pkl --code-configuration ./src --scoring-script score.py",
      note: "without a file",
    },
  ],
  flags: {
    name: text(nameOfDeployment),
    endpointName: text(endpointOfDeployment),
    file,
    allTraffic: switchedOn({ names: ["--all-traffic"], help: "Send all traffic to it once it is ready" }),
    ...parts,
    set,
    variables,
    skipScriptValidation,
    noWait,
    local,
    packageModel: switchedOn({ names: ["--package-model"], help: "Taken and ignored", isHidden: true }),
    ...ignored,
  },
  run: async (values, session) =>
    (await import("../verbs/deployment-create.ts")).createDeployment(values, session),
});

const update = defineVerb({
  path: "online-deployment update",
  summary: "Change a deployment",
  description:
    "With a file the deployment becomes what the file says. Without one, --set, --add and --remove change what is " +
    "there. Calls go on while it changes: the old instances serve until the new ones are ready.",
  examples: [
    { line: "ml online-deployment update -e my-endpoint -f blue.yml", note: "as the file says" },
    { line: "ml online-deployment update -n blue -e my-endpoint --set instance_count=2", note: "one value" },
    {
      line: "ml online-deployment update -n blue -e my-endpoint --model azureml:my-model:2",
      note: "a newer model",
    },
  ],
  flags: {
    name: text(nameOfDeployment),
    endpointName: text(endpointOfDeployment),
    file,
    ...parts,
    ...edits,
    variables,
    skipScriptValidation,
    noWait,
    local,
    ...ignored,
  },
  run: async (values, session) =>
    (await import("../verbs/deployment-update.ts")).updateDeployment(values, session),
});

const show = defineVerb({
  path: "online-deployment show",
  summary: "Show a deployment",
  examples: [
    { line: "ml online-deployment show -n blue -e my-endpoint", note: "everything" },
    {
      line: "ml online-deployment show -n blue -e my-endpoint --query provisioning_state -o tsv",
      note: "whether it is ready",
    },
  ],
  flags: {
    name: requiredText(nameOfDeployment),
    endpointName: requiredText(endpointOfDeployment),
    local,
    web,
  },
  run: async (values, session) =>
    (await import("../verbs/deployment-read.ts")).showDeployment(values, session),
});

const list = defineVerb({
  path: "online-deployment list",
  summary: "List the deployments of an online endpoint",
  examples: [{ line: "ml online-deployment list -e my-endpoint -o table", note: "name and state of each" }],
  flags: { endpointName: requiredText(endpointOfDeployment), local },
  run: async (values, session) =>
    (await import("../verbs/deployment-read.ts")).listDeployments(values, session),
});

const remove = defineVerb({
  path: "online-deployment delete",
  summary: "Delete a deployment that gets no traffic",
  examples: [
    { line: "ml online-deployment delete -n blue -e my-endpoint --yes", note: "without being asked" },
  ],
  flags: {
    name: requiredText(nameOfDeployment),
    endpointName: requiredText(endpointOfDeployment),
    yes,
    noWait,
    local,
  },
  run: async (values, session) => {
    await (await import("../verbs/deployment-delete.ts")).deleteDeployment(values, session);
  },
});

const getLogs = defineVerb({
  path: "online-deployment get-logs",
  summary: "Print the last lines that a deployment wrote",
  examples: [
    { line: "ml online-deployment get-logs -n blue -e my-endpoint -l 100", note: "the last hundred" },
    {
      line: "ml online-deployment get-logs -n blue -e my-endpoint -c storage-initializer",
      note: "how its environment was made",
    },
  ],
  flags: {
    name: requiredText(nameOfDeployment),
    endpointName: requiredText(endpointOfDeployment),
    lines: integer({ names: ["--lines", "-l"], help: "How many lines at most; 5000 where it is left out" }),
    container: choice({
      names: ["--container", "-c"],
      help: "Whose lines",
      choices: ["inference-server", "storage-initializer"],
    }),
    local,
  },
  run: async (values, session) => {
    await (await import("../verbs/deployment-read.ts")).printLogs(values, session);
  },
});

export const onlineDeploymentNoun: Noun = {
  name: "online-deployment",
  summary: "What answers the requests of an endpoint",
  verbs: [create, update, show, list, remove, getLogs],
};
