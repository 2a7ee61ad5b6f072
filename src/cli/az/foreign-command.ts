import type { ForeignCommand } from "../framework/command.ts";
import { completeLine } from "../ml/complete-line.ts";
import type { Line } from "../ml/grammar/verb.ts";
import { runLine } from "../ml/run-line.ts";
import { acrNoun } from "./acr.ts";
import { signInNouns } from "./sign-in.ts";
import { toolNouns } from "./tool.ts";

/** What scripts around `az ml` lines ask of Azure's command line, for the stand-in of that name. */
const azLine: Line = {
  program: "hostler az",
  summary: "what scripts around az ml lines need besides them",
  nouns: [...signInNouns, ...toolNouns, acrNoun],
};

export const az: ForeignCommand = {
  run: async (words, context) => await runLine(azLine, words, context),
  complete: (words) => completeLine(azLine, words),
};
