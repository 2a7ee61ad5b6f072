import { isAbsolute, relative, sep } from "node:path";

/** A path for messages: relative where it lies below the working directory, so that it can be read and clicked. */
export function displayPath(path: string, cwd: string): string {
  const fromHere = relative(cwd, path);
  const isBelow =
    fromHere !== "" && fromHere !== ".." && !fromHere.startsWith(`..${sep}`) && !isAbsolute(fromHere);
  return isBelow ? fromHere : path;
}

/** Whether `path` is `folder` or lies in it. Both must be real paths: without links, `.` and `..`. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Orders paths folder by folder: what lies in `m` comes before what lies in `m copy`, `m-old` and `m.bak`. */
export function comparePaths(a: string, b: string): number {
  const [left, right] = [a.replaceAll(sep, "\0"), b.replaceAll(sep, "\0")];
  return left === right ? 0 : left < right ? -1 : 1;
}
