import { inferPath, type ModelTarget } from "./model-target.ts";
import { shellQuote } from "./shell-quote.ts";

/** A line for the terminal that asks a model for a prediction. */
export function curlLine(
  url: string,
  target: ModelTarget,
  { body, needsKey }: { readonly body: string; readonly needsKey: boolean },
): string {
  return [
    "curl -s",
    shellQuote(`${url}${inferPath(target)}`),
    "-H 'content-type: application/json'",
    // Double quotes: the shell of whoever runs it knows the key, this line does not.
    ...(needsKey ? ['-H "authorization: Bearer $HOSTLER_API_KEY"'] : []),
    `-d ${shellQuote(body)}`,
  ].join(" ");
}
