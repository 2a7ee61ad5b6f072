import picocolors from "picocolors";
import { expect, test } from "vitest";
import { addresses, environmentLine, firstLine, modelTable, notice, readyLines } from "./banner.ts";
import { modelSnapshot } from "./testing/snapshots.ts";

const colors = picocolors.createColors(false);
const broken = { name: "odd", where: "models/odd/model-settings.json:2:3", reason: "not JSON", hint: "Add a comma." };

test("a start, as a person sees it", () => {
  const models = [
    modelSnapshot(),
    modelSnapshot({ name: "late", version: null, state: "failed", reason: "no such file", memoryBytes: null }),
  ];
  const frameworks = { "scikit-learn": "1.9.1", xgboost: "3.2.0" };
  expect(
    [
      firstLine("1.2.3", "models", colors),
      addresses({ url: "http://127.0.0.1:8080", metricsUrl: "http://127.0.0.1:8082/metrics" }, colors),
      environmentLine({ interpreter: ".venv/bin/python", python: "3.13.5", frameworks }, colors),
      notice("warm_workers has no effect.", colors),
      modelTable(models, [broken], colors),
      readyLines(models, 1234, "curl -s http://127.0.0.1:8080", colors),
    ].join(""),
  ).toMatchSnapshot();
});

test("without metrics there is no address for them", () => {
  expect(addresses({ url: "http://[::1]:1", metricsUrl: null }, colors)).not.toContain("Metrics");
});

test("an empty folder is said to be empty", () => {
  expect(modelTable([], [], colors)).toBe("! There are no models here.\n");
  expect(readyLines([], 100, undefined, colors)).toBe("Ready after 100 ms: no models.\n");
});

test.each([
  [["ready"], "1 model ready"],
  [["ready", "ready"], "2 models ready"],
  [["ready", "failed"], "1 model ready, 1 failed"],
  [["registered", "registered"], "2 models to be loaded when first asked"],
])("%j is told as %s", (states, told) => {
  const models = states.map((state) => modelSnapshot({ state }));
  expect(readyLines(models, 100, undefined, colors)).toBe(`Ready after 100 ms: ${told}.\n`);
});
