import { text } from "../grammar/flag.ts";
import { defineVerb, type Noun } from "../grammar/verb.ts";

const name = text({ names: ["--name", "-n"], help: "Taken and ignored: there is one workspace here" });

const show = defineVerb({
  path: "workspace show",
  summary: "Show the one workspace of this control plane",
  examples: [
    { line: "ml workspace show", note: "names and resource ids" },
    { line: "ml workspace show --query container_registry -o tsv", note: "as scripts ask for the registry" },
  ],
  flags: { name },
  run: async () => (await import("../views/workspace-view.ts")).workspaceView,
});

const list = defineVerb({
  path: "workspace list",
  summary: "List workspaces: there is one",
  examples: [{ line: "ml workspace list -o table", note: "name and location" }],
  flags: {},
  columns: ["name", "location", "description"],
  run: async () => [(await import("../views/workspace-view.ts")).workspaceView],
});

export const workspaceNoun: Noun = {
  name: "workspace",
  summary: "The workspace that scripts ask about",
  verbs: [show, list],
};
