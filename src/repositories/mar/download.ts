import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ServingError } from "../../contracts/serving-error.ts";
import { defaultArchiveLimits } from "./limits.ts";

/** Nobody waits longer for a whole archive. */
const patienceMs = 600_000;

/**
 * Downloads an archive into a temporary file, which is the caller's then. Redirects are not followed: they would lead
 * past the list of places that downloads may come from.
 *
 * @throws ServingError UNREACHABLE, in the words of Multi Model Server
 */
export async function download(url: string): Promise<string> {
  const path = join(tmpdir(), `hostler-download-${randomUUID()}`);
  try {
    const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(patienceMs) });
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel();
      throw failed(url, `, code: ${String(response.status)}`);
    }
    await pipeline(
      response.body,
      atMost(defaultArchiveLimits.bytes, url),
      createWriteStream(path, { mode: 0o600 }),
    );
    return path;
  } catch (error) {
    await rm(path, { force: true });
    throw error instanceof ServingError ? error : failed(url, "", error);
  }
}

function atMost(
  bytes: number,
  url: string,
): (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array> {
  return async function* (source) {
    let seen = 0;
    for await (const chunk of source) {
      seen += chunk.byteLength;
      if (seen > bytes) throw failed(url, ": it is too large");
      yield chunk;
    }
  };
}

function failed(url: string, why: string, cause?: unknown): ServingError {
  return new ServingError("UNREACHABLE", `Failed to download model from: ${url}${why}`, {}, { cause });
}
