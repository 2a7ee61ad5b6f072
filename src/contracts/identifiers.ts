declare const brand: unique symbol;

/** A model's name that has passed {@link parseModelName}: safe in paths, URLs, metrics and logs. */
export type ModelName = string & { readonly [brand]: "ModelName" };

/** A model's version that has passed {@link parseModelVersion}; any such string, `v0.1.0` and `3` alike. */
export type ModelVersionName = string & { readonly [brand]: "ModelVersionName" };

/** Names are allow-listed in this one place: they end up in paths, URLs, metric labels and log lines. */
const identifierPattern = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/;

export const identifierRule =
  "1 to 128 letters, digits, dots, underscores, pluses or hyphens, the first a letter or digit";

export function parseModelName(text: string): ModelName | undefined {
  return isModelName(text) ? text : undefined;
}

export function parseModelVersion(text: string): ModelVersionName | undefined {
  return isModelVersion(text) ? text : undefined;
}

function isModelName(text: string): text is ModelName {
  return identifierPattern.test(text);
}

function isModelVersion(text: string): text is ModelVersionName {
  return identifierPattern.test(text);
}
