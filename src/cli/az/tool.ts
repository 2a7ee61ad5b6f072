import { workspace } from "../../contracts/control/workspace.ts";
import { switchedOn } from "../ml/grammar/flag.ts";
import { defineVerb, type Noun } from "../ml/grammar/verb.ts";
import { version } from "../version.ts";

/** What scripts set and ask about the tool itself. Defaults are fixed: there is one of everything. */

const defaults = [
  { name: "group", source: "hostler", value: workspace.resourceGroup },
  { name: "workspace", source: "hostler", value: workspace.name },
  { name: "location", source: "hostler", value: workspace.location },
];

const configureNoun: Noun = {
  name: "configure",
  summary: "Defaults, which are fixed here",
  verbs: [
    defineVerb({
      path: "configure",
      summary: "Take new defaults and ignore them, or list the fixed ones",
      examples: [
        { line: "az configure --defaults group=my-group workspace=my-workspace", note: "taken and ignored" },
        {
          line: "az configure -l --query \"[?name=='group'].value\" -o tsv",
          note: "as scripts ask for them",
        },
      ],
      flags: { listsDefaults: switchedOn({ names: ["--list-defaults", "-l"], help: "List the defaults" }) },
      ignoresUnknown: true,
      run: ({ listsDefaults }) => Promise.resolve(listsDefaults ? defaults : null),
    }),
  ],
};

const configNoun: Noun = {
  name: "config",
  summary: "Settings, which change nothing here",
  verbs: ["get", "set", "unset"].map((verb) =>
    defineVerb({
      path: `config ${verb}`,
      summary: "Do nothing: settings change nothing here",
      examples: [{ line: `az config ${verb} defaults.workspace`, note: "taken and ignored" }],
      flags: {},
      ignoresUnknown: true,
      run: () => Promise.resolve(verb === "get" ? { defaults } : null),
    }),
  ),
};

const mlExtension = { name: "ml", version: version(), extensionType: "hostler" };

const extensionNoun: Noun = {
  name: "extension",
  summary: "Extensions: ml is here, and no other",
  verbs: [
    ...["add", "update", "remove"].map((verb) =>
      defineVerb({
        path: `extension ${verb}`,
        summary: "Do nothing: ml is here, and no other",
        examples: [{ line: `az extension ${verb} -n ml`, note: "taken and ignored" }],
        flags: {},
        ignoresUnknown: true,
        run: () => Promise.resolve(null),
      }),
    ),
    defineVerb({
      path: "extension list",
      summary: "List the extensions",
      examples: [{ line: "az extension list -o table", note: "ml" }],
      flags: {},
      ignoresUnknown: true,
      run: () => Promise.resolve([mlExtension]),
    }),
    defineVerb({
      path: "extension show",
      summary: "Show the extension ml",
      examples: [{ line: "az extension show -n ml", note: "its version" }],
      flags: {},
      ignoresUnknown: true,
      run: () => Promise.resolve(mlExtension),
    }),
  ],
};

const versionNoun: Noun = {
  name: "version",
  summary: "Show the version",
  verbs: [
    defineVerb({
      path: "version",
      summary: "Show the version",
      examples: [{ line: "az version", note: "that of hostler" }],
      flags: {},
      ignoresUnknown: true,
      run: () => Promise.resolve({ "azure-cli": version(), extensions: { ml: version() } }),
    }),
  ],
};

export const toolNouns: readonly Noun[] = [configureNoun, configNoun, extensionNoun, versionNoun];
