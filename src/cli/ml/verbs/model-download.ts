import { cp, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { ServingError } from "../../../contracts/serving-error.ts";
import type { Session } from "../session.ts";

interface DownloadValues {
  readonly name: string;
  readonly version: string;
  readonly downloadPath: string | undefined;
}

/** Copies the files, which are on this machine, into a folder of the model's name. */
export async function downloadModel(
  { name, version, downloadPath = "." }: DownloadValues,
  { client, context, warn }: Session,
): Promise<void> {
  const { path } = await client.getAsset("models", name, version);
  if ((await stat(path).catch(() => null)) === null) {
    throw new ServingError("ASSET_NOT_FOUND", `The files of ${name}:${version} are not on this machine.`, {
      hint: `The control plane at ${client.url} keeps them at ${path}.`,
    });
  }
  const target = join(resolve(context.cwd, downloadPath), name, basename(path));
  await cp(path, target, { recursive: true });
  warn(`Copied to ${target}.`);
}
