/** What a browser asks with. */
export interface OriginQuestion {
  readonly origin: string | undefined;
  /** Of a preflight. */
  readonly method: string | undefined;
  readonly headers: string | undefined;
}

const allowedMethods = ["GET", "POST"] as const;

/**
 * Headers that let pages of the listed origins read an answer, as flask-cors writes them. Without an origin the answer
 * names the first of those that there are, or `*`.
 */
export function crossOriginHeaders(
  origins: readonly string[],
  { origin, method, headers }: OriginQuestion,
): readonly string[] {
  const allowed = allowedOrigin(origins, origin);
  if (allowed === null) return [];
  const vary = allowed === "*" ? [] : ["Vary", "Origin"];
  const preflight =
    method === undefined || !allowedMethods.some((one) => one === method.toUpperCase())
      ? []
      : [
          ...(headers === undefined ? [] : ["Access-Control-Allow-Headers", headers]),
          "Access-Control-Allow-Methods",
          allowedMethods.join(", "),
        ];
  return ["Access-Control-Allow-Origin", allowed, ...preflight, ...vary];
}

function allowedOrigin(origins: readonly string[], origin: string | undefined): string | null {
  const isAny = origins.includes("*");
  if (origin === undefined || origin === "") {
    if (isAny) return "*";
    const [first] = [...origins].sort();
    return first ?? null;
  }
  const isListed = origins.some((one) => one.toLowerCase() === origin.toLowerCase());
  return isAny || isListed ? origin : null;
}
