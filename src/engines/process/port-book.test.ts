import { createServer } from "node:net";
import { expect, test } from "vitest";
import { PortBook } from "./port-book.ts";

async function listener(): Promise<{ readonly port: number; close: () => Promise<void> }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  };
}

test("a port that somebody listens on is not free, and the book says who", async () => {
  const other = await listener();
  const book = new PortBook();
  expect(await book.take(other.port)).toBe(false);
  expect(book.describe(other.port)).toMatch(new RegExp(`^port ${String(other.port)} is taken by .*pid`));
  await other.close();
  expect(await book.take(other.port)).toBe(true);
});

test("a port is given once, until it is given back", async () => {
  const book = new PortBook();
  const port = await book.takeAny();
  expect(await book.take(port)).toBe(false);
  expect(book.describe(port)).toBe(`port ${String(port)} is taken by another instance`);
  book.release(port);
  expect(await book.take(port)).toBe(true);
});

test("two who ask at the same moment do not get the same", async () => {
  const book = new PortBook();
  const port = await book.takeAny();
  book.release(port);
  const both = await Promise.all([book.take(port), book.take(port)]);
  expect(both.filter(Boolean)).toHaveLength(1);
});
