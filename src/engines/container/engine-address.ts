import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { ServingError } from "../../contracts/serving-error.ts";

/** Where a container engine may answer. */
export type EngineAddress =
  | { readonly kind: "socket"; readonly path: string; readonly from: string }
  | {
      readonly kind: "tcp";
      readonly url: string;
      readonly from: string;
      readonly certificates: string | null;
    };

type Variables = Readonly<Record<string, string | undefined>>;

const defaultTcpPort = "2375";
const defaultTlsPort = "2376";

/** What DOCKER_HOST or CONTAINER_HOST names, and that alone; else the sockets in the usual places that exist. */
export function engineAddresses(variables: Variables): readonly EngineAddress[] {
  for (const name of ["DOCKER_HOST", "CONTAINER_HOST"]) {
    const value = variables[name];
    if (value !== undefined && value !== "") return [namedAddress(name, value, variables)];
  }
  return usualSockets(variables)
    .filter((path) => existsSync(path))
    .map((path) => ({ kind: "socket", path, from: path }));
}

/** Where a socket would have been looked for. */
export function usualSockets(variables: Variables): readonly string[] {
  const home = variables["HOME"] ?? homedir();
  const runtime = variables["XDG_RUNTIME_DIR"];
  const ofUser = runtime === undefined || runtime === "" ? [] : ["docker.sock", "podman/podman.sock"];
  return [
    "/var/run/docker.sock",
    ...ofUser.map((name) => join(runtime ?? "", name)),
    join(home, ".docker", "run", "docker.sock"),
    join(home, ".docker", "desktop", "docker.sock"),
    join(home, ".orbstack", "run", "docker.sock"),
    join(home, ".colima", "default", "docker.sock"),
    join(home, ".rd", "docker.sock"),
    "/run/podman/podman.sock",
  ];
}

function namedAddress(name: string, value: string, variables: Variables): EngineAddress {
  const from = `${name}=${value}`;
  const [, scheme = "", rest = ""] = /^([a-z]+):\/\/(.*)$/.exec(value) ?? [];
  if (scheme === "unix") return { kind: "socket", path: rest, from };
  if (["tcp", "http", "https"].includes(scheme)) {
    const isTls = scheme === "https" || isTruthy(variables["DOCKER_TLS_VERIFY"]);
    const url = new URL(`${isTls ? "https" : "http"}://${rest}`);
    if (url.port === "") url.port = isTls ? defaultTlsPort : defaultTcpPort;
    const folder = variables["DOCKER_CERT_PATH"] ?? join(variables["HOME"] ?? homedir(), ".docker");
    return { kind: "tcp", url: url.origin, from, certificates: isTls ? folder : null };
  }
  throw new ServingError(
    "ENGINE_UNAVAILABLE",
    `${from} cannot be used: only unix:// and tcp:// addresses can.`,
    {
      hint: "Forward the engine's socket (ssh -L /tmp/docker.sock:/var/run/docker.sock HOST) and name that.",
    },
  );
}

function isTruthy(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0";
}
