import { authModes, keyTypeSchema } from "../../../contracts/control/endpoint.ts";
import { choice, requiredText, text, words } from "../grammar/flag.ts";
import { defineVerb, type Noun } from "../grammar/verb.ts";
import {
  edits,
  file,
  local,
  location,
  nameOfEndpoint,
  noWait,
  set,
  variables,
  webOfEndpoint as web,
  yes,
} from "./common-flags.ts";

const create = defineVerb({
  path: "online-endpoint create",
  summary: "Create an online endpoint",
  description: "From a YAML file, from flags alone, or both: a flag wins over the file.",
  examples: [
    { line: "ml online-endpoint create --name my-endpoint", note: "with a key, without a file" },
    { line: "ml online-endpoint create -f endpoint.yml", note: "as the file says" },
    {
      line: "ml online-endpoint create -f endpoint.yml --set auth_mode=aml_token",
      note: "but for one value",
    },
  ],
  flags: {
    name: text(nameOfEndpoint),
    file,
    authMode: choice({
      names: ["--auth-mode"],
      help: "How callers show who they are; key where it is left out",
      choices: authModes,
    }),
    set,
    variables,
    noWait,
    local,
    location,
    web,
  },
  run: async (values, session) =>
    (await import("../verbs/endpoint-create.ts")).createEndpoint(values, session),
});

const update = defineVerb({
  path: "online-endpoint update",
  summary: "Change an online endpoint: its traffic, tags, authentication",
  description:
    "--traffic replaces the shares of all deployments: a deployment that is not named gets none. " +
    "With a file the endpoint becomes what the file says, but for traffic, which stays where the file does not name it.",
  examples: [
    { line: 'ml online-endpoint update -n my-endpoint --traffic "blue=90 green=10"', note: "a canary" },
    {
      line: 'ml online-endpoint update -n my-endpoint --traffic \'{"blue": 80, "green": 20}\'',
      note: "as JSON",
    },
    {
      line: 'ml online-endpoint update -n my-endpoint --mirror-traffic "green=10"',
      note: "a shadow deployment",
    },
    { line: "ml online-endpoint update -n my-endpoint --set tags.team=search", note: "a tag" },
  ],
  flags: {
    name: text(nameOfEndpoint),
    file,
    traffic: words({ names: ["--traffic", "-r"], help: 'Shares in percent, as "blue=90 green=10" or JSON' }),
    mirrorTraffic: words({
      names: ["--mirror-traffic"],
      help: 'Which deployment gets a copy of how many percent of the traffic, as "green=10"; 0 ends it',
    }),
    ...edits,
    variables,
    noWait,
    local,
    web,
  },
  run: async (values, session) =>
    (await import("../verbs/endpoint-update.ts")).updateEndpoint(values, session),
});

const show = defineVerb({
  path: "online-endpoint show",
  summary: "Show an online endpoint",
  examples: [
    { line: "ml online-endpoint show -n my-endpoint", note: "everything" },
    {
      line: "ml online-endpoint show -n my-endpoint --query scoring_uri -o tsv",
      note: "where to send calls",
    },
  ],
  flags: { name: requiredText(nameOfEndpoint), local, web },
  run: async (values, session) => (await import("../verbs/endpoint-read.ts")).showEndpoint(values, session),
});

const list = defineVerb({
  path: "online-endpoint list",
  summary: "List the online endpoints",
  examples: [{ line: "ml online-endpoint list -o table", note: "name, state and kind of each" }],
  flags: { local },
  run: async (_, session) => (await import("../verbs/endpoint-read.ts")).listEndpoints(session),
});

const remove = defineVerb({
  path: "online-endpoint delete",
  summary: "Delete an online endpoint and its deployments",
  examples: [{ line: "ml online-endpoint delete -n my-endpoint --yes", note: "without being asked" }],
  flags: { name: requiredText(nameOfEndpoint), yes, noWait, local },
  run: async (values, session) => {
    await (await import("../verbs/endpoint-delete.ts")).deleteEndpoint(values, session);
  },
});

const invoke = defineVerb({
  path: "online-endpoint invoke",
  summary: "Send a request to an online endpoint and print the answer",
  examples: [
    { line: "ml online-endpoint invoke -n my-endpoint -r request.json", note: "wherever the traffic goes" },
    { line: "ml online-endpoint invoke -n my-endpoint -r request.json -d green", note: "to one deployment" },
    {
      line: "ml online-endpoint invoke -n my-endpoint -r request.json -o tsv",
      note: "the answer as it came",
    },
  ],
  flags: {
    name: requiredText(nameOfEndpoint),
    requestFile: text({
      names: ["--request-file", "-r"],
      help: "JSON file to send; - reads standard input",
      completes: "file",
    }),
    deploymentName: text({
      names: ["--deployment-name", "-d"],
      help: "Ask this deployment, whatever the traffic",
    }),
    local,
    set: { ...set, isHidden: true },
  },
  run: async (values, session) =>
    (await import("../verbs/endpoint-invoke.ts")).invokeEndpoint(values, session),
});

const getCredentials = defineVerb({
  path: "online-endpoint get-credentials",
  summary: "Show the keys of an online endpoint, or a token for it",
  examples: [
    { line: "ml online-endpoint get-credentials -n my-endpoint", note: "both keys" },
    {
      line: "ml online-endpoint get-credentials -n my-endpoint --query primaryKey -o tsv",
      note: "for a script",
    },
  ],
  flags: { name: requiredText(nameOfEndpoint) },
  run: async (values, session) => (await import("../verbs/endpoint-keys.ts")).getCredentials(values, session),
});

const regenerateKeys = defineVerb({
  path: "online-endpoint regenerate-keys",
  summary: "Make one of the keys of an online endpoint new",
  examples: [
    {
      line: "ml online-endpoint regenerate-keys -n my-endpoint --key-type secondary",
      note: "the first still works",
    },
  ],
  flags: {
    name: requiredText(nameOfEndpoint),
    keyType: choice({
      names: ["--key-type"],
      help: "Which key; primary where it is left out",
      choices: keyTypeSchema.options,
    }),
    noWait,
  },
  run: async (values, session) => (await import("../verbs/endpoint-keys.ts")).regenerateKeys(values, session),
});

export const onlineEndpointNoun: Noun = {
  name: "online-endpoint",
  summary: "Where callers send requests",
  verbs: [create, update, show, list, remove, invoke, getCredentials, regenerateKeys],
};
