import { inferPath, type ModelTarget } from "./model-target.ts";
import { shellQuote } from "./shell-quote.ts";

/** A line for the terminal that asks a model for a prediction. */
export function curlLine(url: string, target: ModelTarget, body: string): string {
  const header = "-H 'content-type: application/json'";
  return `curl -s ${shellQuote(`${url}${inferPath(target)}`)} ${header} -d ${shellQuote(body)}`;
}
