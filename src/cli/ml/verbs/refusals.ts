import type { ErrorCode } from "../../../contracts/errors.ts";
import { ServingError } from "../../../contracts/serving-error.ts";
import { exitCodes } from "../../exit-codes.ts";
import { MlError } from "../ml-error.ts";

/** Azure's command line refuses the two together, because nobody could say what came of it. */
export function refuseLocalWithoutWait({
  local,
  noWait,
}: {
  readonly local: boolean;
  readonly noWait: boolean;
}): void {
  if (!local || !noWait) return;
  throw new MlError(
    '"no_wait" and "local" options are mutually exclusive. Set only one option and try again.',
  );
}

export function alreadyExists(noun: "endpoint" | "deployment"): MlError {
  const article = noun === "endpoint" ? "An" : "A";
  return new MlError(`(UserError) ${article} ${noun} with this name already exists.`, {
    hint: `Choose another name, or change it with hostler ml online-${noun} update.`,
  });
}

/** Null where the control plane says that it has no such thing. */
export async function orNull<T>(promise: Promise<T>, ...codes: readonly ErrorCode[]): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof ServingError && codes.includes(error.code)) return null;
    throw error;
  }
}

/** `show` tells scripts by its exit status that there is no such thing. */
export async function orNotFound<T>(promise: Promise<T>, code: ErrorCode): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    if (!(error instanceof ServingError) || error.code !== code) throw error;
    const { hint } = error.details;
    throw new MlError(`(ResourceNotFound) ${error.message}`, {
      exitCode: exitCodes.notFound,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
