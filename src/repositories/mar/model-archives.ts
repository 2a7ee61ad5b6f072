import { realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ArchivedModel, ModelArchives } from "../../core/ports/model-archives.ts";
import { fileErrorCode, isMissing } from "../shared/file-errors.ts";
import { isInside } from "../shared/paths.ts";
import type { ArchiveStore } from "./archive-store.ts";
import { download } from "./download.ts";
import { type InspectedFolder, readArchive } from "./read-archive.ts";

export interface MarArchivesOptions {
  readonly store: ArchiveStore;
  /** Absolute; models lie in it and nowhere else. Null: only downloads can be loaded. */
  readonly modelStore: string | null;
  /** Whether a URL may be downloaded; by default none may. */
  readonly allowsDownload?: (url: string) => boolean;
  /** What is said to a caller whose download is not allowed: how the operator allows it. */
  readonly downloadHint?: string;
  readonly inspect?: (folder: string) => Promise<InspectedFolder>;
}

/** The models of a model store, and of allowed places on the network, by what Multi Model Server takes as a URL. */
export class MarArchives implements ModelArchives {
  readonly #options: MarArchivesOptions;

  constructor(options: MarArchivesOptions) {
    this.#options = options;
  }

  async resolve(url: string): Promise<ArchivedModel> {
    if (/^https?:\/\//i.test(url)) return await this.#downloaded(url);
    const path = await this.#pathOf(url);
    return await this.#read(path, url);
  }

  /** Messages name the model as the caller did: where the store lies is nobody's business. */
  async #read(path: string, url: string): Promise<ArchivedModel> {
    const { store, inspect } = this.#options;
    try {
      return await readArchive(path, { store, ...(inspect === undefined ? {} : { inspect }) });
    } catch (error) {
      const { code, message, details } = ServingError.from(error, "INVALID_DOCUMENT");
      throw new ServingError(code, message.replaceAll(path, url), details, { cause: error });
    }
  }

  async #pathOf(url: string): Promise<string> {
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(url)) throw new ServingError("MODEL_NOT_FOUND", "Invalid model url");
    if (url.includes("..")) {
      throw new ServingError("MODEL_NOT_FOUND", `Relative path is not allowed in url: ${url}`);
    }
    const { modelStore } = this.#options;
    if (modelStore === null) {
      throw new ServingError("MODEL_NOT_FOUND", "Model store has not been configured.", {
        hint: "Name a folder with --model-store, or with model_store in config.properties.",
      });
    }
    const store = await real(modelStore, url);
    // An absolute path is one in the store, also where the store is not the root of the machine.
    const isAbsolute = url.startsWith("/") && isInside(url, modelStore);
    const path = await real(isAbsolute ? url : join(modelStore, url), url);
    if (!isInside(path, store)) throw notFound(url);
    return path;
  }

  async #downloaded(url: string): Promise<ArchivedModel> {
    const { allowsDownload, downloadHint } = this.#options;
    if (allowsDownload?.(url) !== true) {
      throw new ServingError("FORBIDDEN", `Downloads from ${originOf(url)} are not allowed.`, {
        field: "url",
        ...(downloadHint === undefined ? {} : { hint: downloadHint }),
      });
    }
    const file = await download(url);
    try {
      return await this.#read(file, url);
    } finally {
      await rm(file, { force: true });
    }
  }
}

async function real(path: string, url: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isMissing(error)) throw notFound(url);
    // What the system says of it names the path.
    const reason = fileErrorCode(error) ?? "it is no path";
    throw new ServingError(
      "INVALID_DOCUMENT",
      `Model cannot be read: ${url} (${reason})`,
      {},
      { cause: error },
    );
  }
}

function notFound(url: string): ServingError {
  return new ServingError("MODEL_NOT_FOUND", `Model not found in model store: ${url}`);
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : "there";
}
