import { type ExitCode, exitCodes } from "../exit-codes.ts";

/** Something that ends an `ml` line; it never leaves the command line, so it has no code in the catalogue. */
export class MlError extends Error {
  override readonly name = "MlError";
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(message: string, options: { readonly exitCode?: ExitCode; readonly hint?: string } = {}) {
    super(message);
    this.exitCode = options.exitCode ?? exitCodes.failed;
    this.hint = options.hint;
  }

  /** The line itself is wrong. */
  static usage(message: string, hint?: string): MlError {
    return new MlError(message, { exitCode: exitCodes.usage, ...(hint === undefined ? {} : { hint }) });
  }
}
