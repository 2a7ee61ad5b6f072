/** Where an API is listened on. */
export type ListenAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly isSecure: boolean }
  | { readonly kind: "unix"; readonly path: string };

export const addressRule = "http://HOST:PORT, https://HOST:PORT or unix:/PATH";

const defaultPorts = { "http:": 80, "https:": 443 } as const;

/** Undefined for what is no address. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const path = /^unix:(?:\/\/)?(\/.+)$/.exec(text)?.[1];
  if (path !== undefined) return { kind: "unix", path };
  // A port of its own is kept apart: URL leaves out those that are a scheme's default.
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, port, pathname, search } = new URL(text);
  if ((protocol !== "http:" && protocol !== "https:") || hostname === "") return undefined;
  if (pathname !== "/" || search !== "") return undefined;
  return {
    kind: "tcp",
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? defaultPorts[protocol] : Number(port),
    isSecure: protocol === "https:",
  };
}

export function isSameAddress(one: ListenAddress, other: ListenAddress): boolean {
  if (one.kind === "unix" || other.kind === "unix") {
    return one.kind === "unix" && other.kind === "unix" && one.path === other.path;
  }
  // Port 0 takes any free one: two listeners that ask for it mean two.
  return (
    one.host === other.host && one.port === other.port && one.port !== 0 && one.isSecure === other.isSecure
  );
}
