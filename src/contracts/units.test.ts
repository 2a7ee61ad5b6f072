import { expect, test } from "vitest";
import { formatBytes, formatDuration } from "./units.ts";

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [10_240, "10 KiB"],
  [1_363_149, "1.3 MiB"],
  [64 * 1024 ** 2, "64 MiB"],
  [3 * 1024 ** 5, "3072 TiB"],
])("%i bytes", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0.2, "<1 ms"],
  [4.2, "4 ms"],
  [999, "999 ms"],
  [1250, "1.3 s"],
])("%f ms", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
