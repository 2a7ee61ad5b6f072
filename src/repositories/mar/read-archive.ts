import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ArchivedModel, ArchivedSettings } from "../../core/ports/model-archives.ts";
import type { ModelSpec } from "../../core/models/model-spec.ts";
import type { ArchiveStore } from "./archive-store.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { readModelConfig } from "./model-config.ts";

/** What a folder without a manifest turns out to be. */
export interface InspectedFolder {
  /** Null where nothing in it tells of one. */
  readonly handler: string | null;
  /** Set where the files are a model of one of our own runtimes. */
  readonly builtIn: ModelSpec | null;
}

export interface ReadArchiveOptions {
  readonly store: ArchiveStore;
  /** Asked about models whose manifest, if there is one, names no handler. By default they are nothing in particular. */
  readonly inspect?: (folder: string) => Promise<InspectedFolder>;
}

/**
 * Opens a model: a `.mar` or zip file, a tar file, an archive that somebody has unpacked, or a plain folder.
 *
 * @param path absolute
 * @throws ServingError MODEL_NOT_FOUND where there is nothing, INVALID_DOCUMENT where the archive, its manifest or its
 *   configuration is wrong; nothing stays unpacked then
 */
export async function readArchive(
  path: string,
  { store, inspect }: ReadArchiveOptions,
): Promise<ArchivedModel> {
  const opened = await store.open(path);
  try {
    const { folder, manifest } = (await readManifest(opened.folder)) ?? {
      folder: opened.folder,
      manifest: null,
    };
    const hasHandler = manifest !== null && manifest.handler !== null;
    const inspected = hasHandler ? undefined : await inspect?.(folder);
    return {
      folder,
      ...said(manifest),
      handler: manifest?.handler ?? inspected?.handler ?? null,
      builtIn: inspected?.builtIn ?? null,
      bytes: await bytesOf(folder),
      settings: await configurationOf(folder, manifest),
      release: () => opened.release(),
    };
  } catch (error) {
    await opened.release();
    throw error;
  }
}

type Said = Pick<ArchivedModel, "manifest" | "modelName" | "modelVersion" | "runtime" | "engine">;

function said(manifest: Manifest | null): Said {
  if (manifest === null)
    return { manifest: null, modelName: null, modelVersion: null, runtime: null, engine: null };
  const { document, modelName, modelVersion, runtime, engineName } = manifest;
  return { manifest: document, modelName, modelVersion, runtime, engine: engineName };
}

function configurationOf(folder: string, manifest: Manifest | null): Promise<ArchivedSettings> {
  return readModelConfig(folder, manifest?.configFile ?? null);
}

/** Size of all files below a folder; links are not followed. */
async function bytesOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true });
  const sizes = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return await bytesOf(path);
      return entry.isFile() ? (await stat(path)).size : 0;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
