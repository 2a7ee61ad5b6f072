import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { describeHolder, portHolder } from "./port-holder.ts";

test("the process that listens is found, and no other", async () => {
  const listening = Promise.withResolvers<number>();
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address();
    listening.resolve(typeof address === "object" && address !== null ? address.port : 0);
  });
  const port = await listening.promise;
  const holder = portHolder(port);
  // Only Linux tells.
  expect(holder?.pid).toBe(existsSync("/proc/net/tcp") ? process.pid : undefined);
  const closed = Promise.withResolvers<undefined>();
  server.close(() => {
    closed.resolve(undefined);
  });
  await closed.promise;
  expect(portHolder(port)).toBeNull();
});

test("a holder is named with its process", () => {
  expect(describeHolder({ pid: 7, command: "python3 app.py" })).toBe("python3 app.py (pid 7)");
});
