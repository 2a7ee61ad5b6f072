import { MlError } from "../ml-error.ts";

/** How a version is named on a line. */
export interface Which {
  readonly name: string;
  readonly version: string | undefined;
  readonly label: string | undefined;
}

/** `latest` is the only label. */
export function versionOf({ version, label }: Which): string {
  if (version !== undefined && label !== undefined)
    throw new MlError("Cannot specify both version and label.");
  if (label !== undefined && label !== "latest") {
    throw new MlError(`There is no label ${JSON.stringify(label)}.`, {
      hint: "Name a version, or --label latest.",
    });
  }
  const named = version ?? label;
  if (named !== undefined) return named;
  throw new MlError("Must provide either version or label.", {
    hint: "As in --version 1, or --label latest.",
  });
}
