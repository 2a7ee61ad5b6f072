import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { contentHash, exclusively, readStamp } from "./stamps.mjs";

test("exclusively lets one caller in at a time, and the next one in after a failure", async () => {
  /** @type {string[]} */
  const log = [];
  const visit = (/** @type {string} */ name) =>
    exclusively("stamps-test", async () => {
      log.push(`${name} in`);
      await sleep(1);
      log.push(`${name} out`);
      if (name === "first") throw new Error("broken");
    });
  const outcomes = await Promise.allSettled([visit("first"), visit("second")]);
  expect(log).toEqual(["first in", "first out", "second in", "second out"]);
  expect(outcomes.map((outcome) => outcome.status)).toEqual(["rejected", "fulfilled"]);
});

test("contentHash depends on what the files hold", () => {
  expect(contentHash(["package.json"])).toBe(contentHash(["package.json"]));
  expect(contentHash(["package.json"])).not.toBe(contentHash(["package-lock.json"]));
});

test("readStamp knows nothing of a file that is not there", () => {
  expect(readStamp("tools/no-such-stamp")).toBeUndefined();
});
