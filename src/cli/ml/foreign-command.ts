import type { ForeignCommand } from "../framework/command.ts";
import { completeLine } from "./complete-line.ts";
import type { Line } from "./grammar/verb.ts";
import { environmentNoun } from "./nouns/environment.ts";
import { modelNoun } from "./nouns/model.ts";
import { onlineDeploymentNoun } from "./nouns/online-deployment.ts";
import { onlineEndpointNoun } from "./nouns/online-endpoint.ts";
import { workspaceNoun } from "./nouns/workspace.ts";
import { runLine } from "./run-line.ts";

/** Everything that `hostler ml` knows, once: parsing, help and completion read it. */
export const mlLine: Line = {
  program: "hostler ml",
  summary: "online endpoints in the words of az ml",
  nouns: [onlineEndpointNoun, onlineDeploymentNoun, modelNoun, environmentNoun, workspaceNoun],
};

export const ml: ForeignCommand = {
  run: async (words, context) => await runLine(mlLine, words, context),
  complete: (words) => completeLine(mlLine, words),
};
