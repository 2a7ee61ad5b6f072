import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import type { Connection } from "./connection.ts";
import { encodeFrame, FrameReader, protocolVersion } from "./frames.ts";
import { Reception } from "./reception.ts";

const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function opened(): Promise<Reception> {
  const reception = await Reception.open();
  ends.push(() => reception.stop());
  return reception;
}

/** A connection that has said HELLO. */
function greet(reception: Reception, role: string, token: string): Socket {
  const socket = connect(reception.socketPath);
  ends.push(() => socket.destroy());
  const header = { protocol: protocolVersion, pid: 1, role, token };
  for (const piece of encodeFrame({ kind: "hello", id: 0, header })) socket.write(piece);
  return socket;
}

function bytesUntilClosed(socket: Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  socket.on("data", (piece: Buffer) => pieces.push(piece));
  return new Promise((resolve) =>
    socket.once("close", () => {
      resolve(Buffer.concat(pieces));
    }),
  );
}

test("who is expected is welcomed, but on a lifeline nothing is ever sent", async () => {
  const reception = await opened();
  const arrived: Connection[] = [];
  const both = Promise.withResolvers<undefined>();
  const token = reception.expect({
    roles: new Set(["worker", "lifeline"]),
    onArrival: (connection) => {
      if (arrived.push(connection) === 2) both.resolve(undefined);
    },
  });
  const [lifeline, worker] = ["lifeline", "worker"].map((role) =>
    bytesUntilClosed(greet(reception, role, token)),
  );
  await both.promise;
  for (const connection of arrived) connection.close();
  expect(await lifeline).toHaveLength(0);
  expect([...new FrameReader().push((await worker) ?? Buffer.alloc(0))]).toMatchObject([{ kind: "hello" }]);
});

test("a stranger is turned away", async () => {
  const reception = await opened();
  expect(await bytesUntilClosed(greet(reception, "worker", "guessed"))).toHaveLength(0);
});

test("one that cannot be opened leaves no folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hostler-reception-"));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  // A socket's path has at most 107 bytes.
  const deep = join(folder, "x".repeat(100));
  await mkdir(deep);
  vi.stubEnv("TMPDIR", deep);
  ends.push(() => vi.unstubAllEnvs());
  await expect(Reception.open()).rejects.toThrow();
  expect(await readdir(deep)).toEqual([]);
});
