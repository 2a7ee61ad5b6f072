import { ServingError } from "../../contracts/serving-error.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import type { Context } from "../framework/command.ts";
import { MlError } from "./ml-error.ts";

interface Shown {
  readonly message: string;
  readonly where?: string | undefined;
  readonly hint?: string | undefined;
  readonly exitCode: ExitCode;
}

/** Says what went wrong as Azure's command line does, `ERROR: …`, and with which status the line ends. */
export function reportMlError(
  error: unknown,
  { terminal: { err } }: Context,
  { isDebugging }: { readonly isDebugging: boolean },
): ExitCode {
  const { message, where, hint, exitCode } = describe(error);
  const lines = [
    `${err.colors.red("ERROR:")} ${safeLines(message)}`,
    where === undefined || message.includes(where) ? "" : `${err.colors.dim("Where:")} ${safeLines(where)}`,
    hint === undefined ? "" : `${err.colors.dim("To do:")} ${safeLines(hint)}`,
    isDebugging && error instanceof Error ? (error.stack ?? "") : "",
  ];
  err.write(`${lines.filter((line) => line !== "").join("\n")}\n`);
  return exitCode;
}

function describe(error: unknown): Shown {
  if (error instanceof MlError) return error;
  const { message, details, fault } = ServingError.from(error);
  return {
    message,
    where: details.where ?? details.field,
    hint: details.hint ?? (fault === "bug" ? bugHint : undefined),
    exitCode: exitCodes.failed,
  };
}

const bugHint = "This is a fault in hostler. Run it again with --debug and report what it prints.";

/** Reports of failed deployments have several lines; nothing else that moves a cursor gets through. */
function safeLines(text: string): string {
  return text.replaceAll(/(?!\n)\p{Cc}/gu, (character) => (character === "\t" ? "  " : "\u{FFFD}"));
}
