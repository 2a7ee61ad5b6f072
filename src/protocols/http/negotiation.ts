/**
 * The type that the caller named and likes best, or undefined where it named none: `*` is no wish. Curl and most
 * programs send that.
 */
export function namedType<Type extends string>(
  accept: string | undefined,
  offers: readonly Type[],
): Type | undefined {
  let best: Type | undefined;
  let bestQuality = 0;
  for (const entry of (accept ?? "").toLowerCase().split(",")) {
    const [type = "", ...parameters] = entry.split(";").map((part) => part.trim());
    const offer = offers.find((one) => one === type);
    const quality = qualityOf(parameters);
    if (offer === undefined || quality <= bestQuality) continue;
    best = offer;
    bestQuality = quality;
  }
  return best;
}

function qualityOf(parameters: readonly string[]): number {
  const written = parameters.find((parameter) => parameter.startsWith("q="));
  const quality = Number(written?.slice(2) ?? 1);
  return Number.isNaN(quality) ? 0 : quality;
}

/**
 * The way from a page back to the root, as `../../`: a link that begins with it works under whatever path a proxy has
 * put the server.
 */
export function rootFrom(url: string): string {
  const [path = ""] = url.split("?", 1);
  const depth = path.split("/").length - 2;
  return depth <= 0 ? "./" : "../".repeat(depth);
}
