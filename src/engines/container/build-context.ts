import { readFile } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import { Readable } from "node:stream";
import { create } from "tar";
import { ServingError } from "../../contracts/serving-error.ts";
import { DockerIgnore } from "./dockerignore.ts";

/** A folder that an image is built from. */
export interface BuildContext {
  /** As seen from the folder. */
  readonly dockerfile: string;
  readonly dockerfileText: string;
  /** All of it that `.dockerignore` does not leave out. */
  readonly archive: () => Readable;
}

/** Reads what is needed to build; INVALID_DOCUMENT where there is no such Dockerfile in the folder. */
export async function readBuildContext(folder: string, dockerfilePath: string): Promise<BuildContext> {
  // The command line's default is written `/Dockerfile`, which means the context's own root.
  const dockerfile = dockerfilePath.replace(/^\/+/, "");
  const inside = relative(folder, join(folder, dockerfile));
  if (inside.startsWith("..") || isAbsolute(inside)) {
    throw noDockerfile(folder, `${dockerfilePath} lies outside of the build context.`);
  }
  const dockerfileText = await readFile(join(folder, inside), "utf8").catch(() => {
    throw noDockerfile(folder, `There is no ${dockerfile} in the build context.`);
  });
  // A Dockerfile may have a list of its own, which counts instead of the folder's.
  const [ofFile, ofFolder] = await Promise.all(
    [`${inside}.dockerignore`, ".dockerignore"].map((name) =>
      readFile(join(folder, name), "utf8").catch(() => null),
    ),
  );
  const ignore = new DockerIgnore(ofFile ?? ofFolder ?? "");
  return { dockerfile: inside, dockerfileText, archive: () => archiveOf(folder, inside, ignore) };
}

function noDockerfile(folder: string, message: string): ServingError {
  return new ServingError("INVALID_DOCUMENT", message, {
    where: folder,
    field: "environment.build.dockerfile_path",
    hint: "dockerfile_path is relative to build.path.",
  });
}

function archiveOf(folder: string, dockerfile: string, ignore: DockerIgnore): Readable {
  const always = new Set([dockerfile, ".dockerignore"]);
  const pack = create(
    {
      cwd: folder,
      // Owners and groups of this machine mean nothing in an image.
      portable: true,
      filter: (path, entry) => {
        const name = path.replace(/^\.\/?/, "");
        if (name === "" || always.has(name)) return true;
        // A folder that is left out may hold a file that is not.
        if (ignore.excludes(name))
          return ignore.hasExceptions && "isDirectory" in entry && entry.isDirectory();
        return true;
      },
    },
    ["."],
  );
  return Readable.from(pack);
}
