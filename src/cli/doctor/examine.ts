import type { Check, Finding, Question } from "./finding.ts";
import { checkMemory, checkNode, checkPlatform, checkPorts, checkSockets } from "./machine.ts";
import { checkPython } from "./python.ts";

/** In the order in which they are worth mending. */
const checks: readonly Check[] = [
  checkNode,
  checkPlatform,
  checkPython,
  checkPorts,
  checkSockets,
  checkMemory,
];

export async function examine(question: Question): Promise<readonly Finding[]> {
  const findings = await Promise.all(checks.map((check) => check(question)));
  return findings.flat();
}
