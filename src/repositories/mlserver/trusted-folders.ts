import { realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { Complaint } from "../shared/complaint.ts";
import type { FoundSetting } from "./setting-layers.ts";
import { isInside } from "../shared/paths.ts";

/** Absolute paths of folders that were named as trusted; complains of one that is not there. */
export async function realFolders(
  folders: readonly string[],
  cwd: string,
  { name, where }: FoundSetting,
): Promise<readonly string[]> {
  return Promise.all(
    folders.map(async (folder) => {
      const path = resolve(cwd, folder);
      const isFolder = await stat(path).then(
        (found) => found.isDirectory(),
        () => false,
      );
      if (isFolder) return realpath(path);
      throw Complaint.misfit({ where, field: name, expected: "folders that exist", got: folder });
    }),
  );
}

/**
 * Where models may be loaded from: the served folder and what was trusted besides. Loading a pickle runs the code in it,
 * so that neither `..` in a URI nor a link may lead out of there.
 */
export class TrustedFolders {
  readonly #folders: readonly string[];

  private constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  static async of(folders: readonly string[]): Promise<TrustedFolders> {
    return new TrustedFolders(await Promise.all(folders.map((folder) => realpath(folder))));
  }

  /** `path` must be a real one. */
  covers(path: string): boolean {
    return this.#folders.some((folder) => isInside(path, folder));
  }
}
