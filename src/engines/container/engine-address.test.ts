import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findContainerEngine } from "./container-engine.ts";
import { engineAddresses } from "./engine-address.ts";

test.each([
  ["unix:///run/x.sock", { kind: "socket", path: "/run/x.sock" }],
  ["tcp://127.0.0.1", { kind: "tcp", url: "http://127.0.0.1:2375", certificates: null }],
  ["tcp://127.0.0.1:99", { kind: "tcp", url: "http://127.0.0.1:99" }],
])("DOCKER_HOST=%s", (value, address) => {
  expect(engineAddresses({ DOCKER_HOST: value })).toMatchObject([address]);
});

test("with TLS the certificates lie where Docker's own client looks", () => {
  const variables = { DOCKER_HOST: "tcp://10.0.0.1", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/certs" };
  expect(engineAddresses(variables)).toMatchObject([
    { url: "https://10.0.0.1:2376", certificates: "/certs" },
  ]);
});

test("a scheme that cannot be spoken is told, and nothing else is tried", async () => {
  const search = await findContainerEngine({ DOCKER_HOST: "ssh://host" });
  expect(search).toEqual({ kind: "none", looked: [expect.stringContaining("DOCKER_HOST=ssh://host")] });
});

test("sockets of the user are found, dead ones are told", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hostler-engine-"));
  await mkdir(join(folder, "podman"));
  await writeFile(join(folder, "podman", "podman.sock"), "");
  const variables = { XDG_RUNTIME_DIR: folder, HOME: folder };
  const paths = engineAddresses(variables).map(({ from }) => from);
  expect(paths).toContain(join(folder, "podman", "podman.sock"));
  await rm(folder, { recursive: true });
});
