import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { MlError } from "../ml-error.ts";

/** Asks a person whether it is meant; false is a no. Without a terminal nobody can be asked. */
export async function isConfirmed(yes: boolean): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) {
    throw new MlError("Unable to prompt for confirmation as no tty available. Use --yes.");
  }
  return saysYes(process.stdin, process.stderr);
}

/** Input that ends, and a key that breaks off, are a no: neither comes with an answer. */
export async function saysYes(input: Readable, output: Writable): Promise<boolean> {
  const prompt = createInterface({ input, output });
  const { promise, resolve } = Promise.withResolvers<string>();
  // Whichever comes first: a promise of an answer is never settled where the input ends.
  prompt.once("line", resolve);
  prompt.once("close", () => {
    resolve("");
  });
  prompt.setPrompt("Are you sure you want to perform this operation? (y/n): ");
  prompt.prompt();
  const answer = await promise;
  prompt.close();
  return /^y(es)?$/i.test(answer.trim());
}
