import { expect, test } from "vitest";
import { parseTraffic } from "./traffic.ts";

test.each([
  [["blue=90 green=10"]],
  [["blue=90", "green=10"]],
  [["blue=90,green=10"]],
  [["blue=90,", "green=10"]],
  [["blue=90%", "green=10%"]],
  [['{"blue": 90, "green": 10}']],
  [["{blue: 90, green: 10}"]],
  [["{'blue':90,'green':10}"]],
  [["blue = 90 green = 10"]],
])("%j", (words) => {
  expect(parseTraffic("--traffic", words)).toEqual({ blue: 90, green: 10 });
});

test("no share is no entry", () => {
  expect(parseTraffic("--traffic", ["blue=100 green=0"])).toEqual({ blue: 100 });
  expect(parseTraffic("--mirror-traffic", ["green=0"])).toEqual({});
  expect(parseTraffic("--traffic", ["{}"])).toEqual({});
});

test.each(["blue", "blue=", "blue=x", "blue=-1", "blue=1000", "=5", "blue=1.5"])("%s is refused", (word) => {
  expect(() => parseTraffic("--traffic", [word])).toThrow(`"${word}" is no share of traffic`);
});
