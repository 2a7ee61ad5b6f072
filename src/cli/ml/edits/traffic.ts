import { MlError } from "../ml-error.ts";

/**
 * Shares of traffic as people write them: `"blue=90 green=10"`, `blue=90 green=10`, `blue=90,green=10` and
 * `{"blue": 90, "green": 10}`, also after a shell has eaten its quotes. Shares of 0 are left out.
 */
export function parseTraffic(flag: string, words: readonly string[]): Readonly<Record<string, number>> {
  const pairs = words
    .join(" ")
    .replaceAll(/["'{}]/g, "")
    .replaceAll(/\s*[=:]\s*/g, "=")
    .split(/[\s,]+/)
    .filter((pair) => pair !== "");
  const shares = pairs.map((pair) => shareOf(flag, pair)).filter(([, share]) => share > 0);
  return Object.fromEntries(shares);
}

function shareOf(flag: string, pair: string): readonly [string, number] {
  const [, name = "", share = ""] = /^([^=]+)=(\d{1,3})%?$/.exec(pair) ?? [];
  if (name !== "") return [name, Number(share)];
  throw new MlError(`${flag}: ${JSON.stringify(pair)} is no share of traffic.`, {
    hint: `Write a deployment and a whole percentage, as ${flag} "blue=90 green=10" or ${flag} '{"blue": 90, "green": 10}'.`,
  });
}
