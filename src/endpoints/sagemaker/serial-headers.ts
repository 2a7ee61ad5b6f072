/** Headers between the containers of a line: names and values in turn. */

/** What a container that is not the last one gets: the caller's wish for a content type is for the last. */
export function withoutAccept(headers: readonly string[]): readonly string[] {
  return without(headers, "accept");
}

/** A request's headers with the content type that the container before has answered with. */
export function nextHeaders(headers: readonly string[], answered: readonly string[]): readonly string[] {
  const type = headerOf(answered, "content-type");
  const rest = without(headers, "content-type");
  return type === null ? rest : [...rest, "Content-Type", type];
}

/** The value of a header; null where there is none. */
export function headerOf(headers: readonly string[], lowerName: string): string | null {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (headers[index]?.toLowerCase() === lowerName) return headers[index + 1] ?? null;
  }
  return null;
}

function without(headers: readonly string[], lowerName: string): readonly string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    if (name.toLowerCase() !== lowerName) kept.push(name, headers[index + 1] ?? "");
  }
  return kept;
}
