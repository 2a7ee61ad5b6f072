import { createInterface } from "node:readline/promises";
import { MlError } from "../ml-error.ts";

/** Asks a person whether it is meant; false is a no. Without a terminal nobody can be asked. */
export async function isConfirmed(yes: boolean): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) {
    throw new MlError("Unable to prompt for confirmation as no tty available. Use --yes.");
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question("Are you sure you want to perform this operation? (y/n): ");
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    prompt.close();
  }
}
