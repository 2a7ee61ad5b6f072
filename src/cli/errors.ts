import { ServingError } from "../contracts/serving-error.ts";
import { UsageError } from "./framework/usage-error.ts";
import { type ExitCode, exitCodeOf, exitCodes } from "./exit-codes.ts";
import { printable } from "./printable.ts";
import type { Channel } from "./terminal.ts";

/** An error as it is shown: what happened, where, what to do. */
interface ShownError {
  readonly code: string;
  readonly what: string;
  readonly where?: string | undefined;
  readonly hint?: string | undefined;
  readonly exitCode: ExitCode;
}

/** Prints what went wrong and says with which status the process ends. */
export function reportError(error: unknown, channel: Channel, environment: NodeJS.ProcessEnv): ExitCode {
  const shown = describe(error);
  const { red, dim } = channel.colors;
  const lines = [
    `${red("error:")} ${printable(shown.what)}`,
    shown.where === undefined ? "" : `${dim("where:")} ${printable(shown.where)}`,
    shown.hint === undefined ? "" : `${dim("to do:")} ${printable(shown.hint)}`,
    `${dim(" code:")} ${shown.code}`,
    isSet(environment["HOSTLER_DEBUG"]) && error instanceof Error ? (error.stack ?? "") : "",
  ];
  channel.write(`${lines.filter((line) => line !== "").join("\n")}\n`);
  return shown.exitCode;
}

function describe(error: unknown): ShownError {
  if (error instanceof UsageError) {
    return { code: "USAGE", what: error.message, hint: error.hint, exitCode: exitCodes.usage };
  }
  const serving = ServingError.from(error);
  const { code, message, details } = serving;
  return {
    code,
    what: message,
    // The message of a wrong field names it already.
    where:
      details.where ??
      (details.field === undefined || message.includes(details.field) ? undefined : details.field),
    hint: details.hint ?? (serving.fault === "bug" ? bugHint : undefined),
    exitCode: exitCodeOf[code],
  };
}

const bugHint = "This is a fault in hostler. Run it again with HOSTLER_DEBUG=1 and report what it prints.";

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}
