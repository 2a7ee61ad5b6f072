import picocolors from "picocolors";
import { expect, test } from "vitest";
import { addresses, modelTable, notice, readyLines } from "./banner.ts";
import { firstLine } from "./serve/first-line.ts";
import { modelSnapshot } from "./testing/snapshots.ts";

const colors = picocolors.createColors(false);
const broken = {
  name: "odd",
  where: "models/odd/model-settings.json:2:3",
  reason: "not JSON",
  hint: "Add a comma.",
};

test("a start, as a person sees it", () => {
  const models = [
    modelSnapshot(),
    modelSnapshot({
      name: "late",
      version: null,
      state: "failed",
      reason: "no such file",
      memoryBytes: null,
    }),
  ];
  expect(
    [
      firstLine("1.2.3", "models", colors),
      addresses({ url: "http://127.0.0.1:8080", metricsUrl: "http://127.0.0.1:8082/metrics" }, colors),
      notice("warm_workers has no effect.", colors),
      modelTable(models, [broken], colors),
      readyLines({ models, broken: 0 }, 1234, "curl -s http://127.0.0.1:8080", colors),
    ].join(""),
  ).toMatchSnapshot();
});

test("without metrics there is no address for them", () => {
  expect(addresses({ url: "http://[::1]:1", metricsUrl: null }, colors)).not.toContain("Metrics");
});

test("of very many models, those that need somebody are shown first", () => {
  const many = Array.from({ length: 1000 }, (_, index) =>
    modelSnapshot({
      name: `m${String(index)}`,
      ...(index < 988 ? {} : { state: "failed", reason: "no file" }),
    }),
  );
  const lines = modelTable(many, [broken], colors).split("\n");
  expect(lines).toHaveLength(46);
  expect(lines[2]).toMatch(/^m988 .* failed/);
  expect(lines[14]).toMatch(/^odd .* broken/);
  expect(lines[15]).toMatch(/^m0 .* ready/);
  expect(lines[32]).toBe("… and 971 more: hostler models ls");
  expect(lines[33]).toBe("✗ m988@v0.1.0: no file");
  expect(lines[43]).toBe("… and 3 more: hostler models ls");
});

test("an empty folder is said to be empty", () => {
  expect(modelTable([], [], colors)).toBe("! There are no models here.\n");
  expect(readyLines({ models: [], broken: 0 }, 100, undefined, colors)).toBe(
    "Ready after 100 ms: no models.\n",
  );
});

test.each([
  [["ready"], 0, "1 model ready"],
  [["ready", "ready"], 0, "2 models ready"],
  [["ready", "failed"], 0, "1 model ready, 1 failed"],
  [["ready", "failed"], 2, "1 model ready, 3 failed"],
  [[], 2, "2 models failed"],
  [["registered", "registered"], 0, "2 models to be loaded when first asked"],
])("%j and %i broken are told as %s", (states, broken, told) => {
  const models = states.map((state) => modelSnapshot({ state }));
  expect(readyLines({ models, broken }, 100, undefined, colors)).toBe(`Ready after 100 ms: ${told}.\n`);
});
