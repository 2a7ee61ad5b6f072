/** The keys of a page of ListObjectsV2, and where the next one begins. */
export interface KeyPage {
  readonly keys: readonly string[];
  readonly nextToken: string | null;
}

/** Reads the few elements that are needed: what S3 sends has neither attributes nor comments in them. */
export function keysOf(xml: string): KeyPage {
  const keys = [...xml.matchAll(/<Contents>[\s\S]*?<Key>([^<]*)<\/Key>/g)].map(([, key = ""]) =>
    unescaped(key),
  );
  const isTruncated = xml.includes("<IsTruncated>true</IsTruncated>");
  const [, token] = /<NextContinuationToken>([^<]*)<\/NextContinuationToken>/.exec(xml) ?? [];
  return { keys, nextToken: isTruncated && token !== undefined ? unescaped(token) : null };
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replaceAll(
    /&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      return entities[name ?? ""] ?? whole;
    },
  );
}
