import type { ControlClient } from "../control/client.ts";
import type { Context } from "../framework/command.ts";
import { printable } from "../printable.ts";

/** What a verb may use: the control plane, the surroundings, and a way to say things. */
export interface Session {
  readonly context: Context;
  readonly client: ControlClient;
  /** Text that is not data: no format and no query changes it. */
  readonly print: (text: string) => void;
  /** Something worth knowing, to standard error; nothing with --only-show-errors. */
  readonly warn: (text: string) => void;
  /** What is being waited for; shown while it lasts, to people only. */
  readonly progress: Progress;
}

interface Progress {
  readonly show: (text: string) => void;
  readonly end: () => void;
}

export function createSession(
  context: Context,
  client: ControlClient,
  { isQuiet }: { readonly isQuiet: boolean },
): Session {
  const { out, err } = context.terminal;
  return {
    context,
    client,
    print: (text) => {
      out.write(text);
    },
    warn: (text) => {
      if (!isQuiet) err.write(`${err.colors.yellow("WARNING:")} ${printable(text)}\n`);
    },
    progress: isQuiet || !err.isTty ? silent : lineOf(err.write),
  };
}

const silent: Progress = { show: () => undefined, end: () => undefined };

/** One line that is written over and over, and gone at the end. */
function lineOf(write: (text: string) => void): Progress {
  const eraseLine = "\r\u001B[2K";
  return {
    show: (text) => {
      write(`${eraseLine}${printable(text)}`);
    },
    end: () => {
      write(eraseLine);
    },
  };
}
