import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeHolder, portHolder } from "../../engines/process/port-holder.ts";
import { formatBytes } from "../../contracts/units.ts";
import { type Check, type Finding, ok, problem, warning } from "./finding.ts";

const oldestNode = [22, 13] as const;

export const checkNode: Check = () => {
  const { node } = process.versions;
  const [major = 0, minor = 0] = node.split(".").map(Number);
  const isNewEnough = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
  const finding = isNewEnough
    ? ok("node", `Node.js ${node}`)
    : problem("node", `Node.js ${node} is too old`, `Install Node.js ${oldestNode.join(".")} or newer.`);
  return Promise.resolve([finding]);
};

export const checkPlatform: Check = () => {
  const name = `${process.platform}-${process.arch}`;
  const findings: Partial<Record<NodeJS.Platform, Finding>> = {
    linux: ok("platform", name),
    darwin: warning(
      "platform",
      `${name}: workers are started one by one instead of forked, so the first load of each takes longer`,
      "Nothing to mend; Linux starts them faster.",
    ),
  };
  const other = problem("platform", `${name} is not supported`, "Use Linux, macOS, or WSL 2 on Windows.");
  return Promise.resolve([findings[process.platform] ?? other]);
};

export const checkPorts: Check = async ({ host, ports }) =>
  await Promise.all(
    ports.map(async ({ name, flag, port }) => {
      const check = `port ${String(port)}`;
      const error = await tryToListen(host, port);
      if (error === null) return ok(check, `free for ${name} on ${host}`);
      if (error.code !== "EADDRINUSE") {
        return problem(
          check,
          `${host} cannot be listened on: ${error.message}`,
          "Name another address with --host.",
        );
      }
      const holder = portHolder(port);
      const by = holder === null ? "another program" : describeHolder(holder);
      const elsewhere = `Stop it, or serve with ${flag} and another port (0 takes any free one).`;
      return problem(check, `taken by ${by}, wanted for ${name}`, elsewhere);
    }),
  );

function tryToListen(host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.ErrnoException | null>();
  const server = createServer();
  server.once("error", resolve);
  server.listen({ host, port, exclusive: true }, () => {
    server.close(() => {
      resolve(null);
    });
  });
  return promise;
}

/** A Unix socket's path has room for 107 bytes; ours adds a folder and a file name to the temporary folder. */
const longestTmpdir = 107 - "/hostler-XXXXXX/front.sock".length;

/** Workers are reached through sockets in a folder of their own below the temporary folder. */
export const checkSockets: Check = async () => {
  const folder = tmpdir();
  const elsewhere = "Point TMPDIR to a folder that is short, writable and has room.";
  if (Buffer.byteLength(folder) > longestTmpdir) {
    return [problem("sockets", `${folder} is too long a path for a Unix socket`, elsewhere)];
  }
  try {
    const own = await mkdtemp(join(folder, "hostler-doctor-"));
    try {
      await writeFile(join(own, "probe"), "probe");
    } finally {
      await rm(own, { recursive: true, force: true });
    }
    return [ok("sockets", `${folder} is writable`)];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [problem("sockets", `${folder} cannot be written to: ${reason}`, elsewhere)];
  }
};

const scarceBytes = 512 * 1024 * 1024;

export const checkMemory: Check = () => {
  const available = process.availableMemory();
  const limit = process.constrainedMemory();
  // Without a limit, Node.js reports a number larger than any machine's memory, or 0.
  const within = limit > 0 && limit < 2 ** 50 ? ` of a limit of ${formatBytes(limit)}` : "";
  const message = `${formatBytes(available)} available${within}`;
  const finding =
    available >= scarceBytes
      ? ok("memory", message)
      : warning("memory", message, "Serve with --memory-budget, so that idle models make room.");
  return Promise.resolve([finding]);
};
