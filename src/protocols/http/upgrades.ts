import type { IncomingMessage } from "node:http";

/** Upgrades that clients offer with any request and do without: who does not know them answers as if they were not there. */
const optionalUpgrades: ReadonlySet<string> = new Set(["h2c", "tls"]);

/** Where connections may be taken over: only there is somebody who knows what to do with one. */
const tunnelledBelow = ["/endpoints/", "/invocations-bidirectional-stream"] as const;

/**
 * Whether a request wants its connection for something else, as WebSockets do. Java's client offers HTTP/2 with every
 * POST, which is no such wish.
 */
export function wantsTunnel({ headers, url }: IncomingMessage): boolean {
  if (!tunnelledBelow.some((path) => url?.startsWith(path))) return false;
  const offered = (headers.upgrade ?? "").toLowerCase().split(",");
  return offered.some((name) => {
    const [protocol = ""] = name.trim().split("/");
    return protocol !== "" && !optionalUpgrades.has(protocol);
  });
}
