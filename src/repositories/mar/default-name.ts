import { basename } from "node:path";

/** The name of a model that nobody named: that of its file or folder, with `_` for what a path could not hold. */
export function defaultModelName(path: string): string {
  const name = basename(path).replace(/\.(?:mar|model|zip|tar\.gz|tgz|tar)$/i, "");
  return name.replace(/\W/g, "_");
}
