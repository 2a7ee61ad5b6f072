import type { SetFailure } from "./instance-set.ts";

/** Everything that helps to mend a deployment that does not start: what happened, what it said, and what to do. */
export function describeFailure(deployment: string, { summary, probes, hint, lines }: SetFailure): string {
  const parts = [`${deployment} could not be started: ${summary}`];
  if (probes.length > 0) parts.push(`Probes:\n${indented(probes)}`);
  if (lines.length > 0) parts.push(`The last lines of its log:\n${indented(lines)}`);
  if (hint !== null) parts.push(hint);
  return parts.join("\n");
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join("\n");
}
