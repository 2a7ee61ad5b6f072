import type { BlobProperties } from "./blob-store.ts";

interface ListedBlob {
  readonly key: string;
  readonly properties: BlobProperties;
}

export interface Listing {
  readonly container: string;
  readonly prefix: string;
  /** Keys are cut at it, and what they have in common up to there is listed once. */
  readonly delimiter: string;
  readonly blobs: readonly ListedBlob[];
}

export function listingXml({ container, prefix, delimiter, blobs }: Listing): string {
  const folders = new Set<string>();
  const entries: string[] = [];
  for (const blob of blobs) {
    const end = delimiter === "" ? -1 : blob.key.indexOf(delimiter, prefix.length);
    if (end === -1) entries.push(blobXml(blob));
    else folders.add(blob.key.slice(0, end + delimiter.length));
  }
  const prefixes = [...folders].map((name) => `<BlobPrefix><Name>${escaped(name)}</Name></BlobPrefix>`);
  return `${declaration}<EnumerationResults ContainerName="${escaped(container)}"><Prefix>${escaped(prefix)}</Prefix><Blobs>${[...prefixes, ...entries].join("")}</Blobs><NextMarker /></EnumerationResults>`;
}

export function errorXml(code: string, message: string): string {
  return `${declaration}<Error><Code>${escaped(code)}</Code><Message>${escaped(message)}</Message></Error>`;
}

/** Ids in the order in which their blocks are to be put together. */
export function blockIdsOf(xml: string): readonly string[] {
  return [...xml.matchAll(/<(Latest|Committed|Uncommitted)>([^<]*)<\/\1>/g)].map(([, , id = ""]) => id);
}

const declaration = '<?xml version="1.0" encoding="utf-8"?>';

function blobXml({ key, properties }: ListedBlob): string {
  const metadata = Object.entries(properties.metadata).map(
    ([name, text]) => `<${name}>${escaped(text)}</${name}>`,
  );
  return [
    `<Blob><Name>${escaped(key)}</Name><Properties>`,
    `<Last-Modified>${properties.modifiedAt.toUTCString()}</Last-Modified>`,
    `<Etag>${escaped(properties.etag)}</Etag>`,
    `<Content-Length>${String(properties.size)}</Content-Length>`,
    "<Content-Type>application/octet-stream</Content-Type><BlobType>BlockBlob</BlobType>",
    `</Properties><Metadata>${metadata.join("")}</Metadata></Blob>`,
  ].join("");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
}
