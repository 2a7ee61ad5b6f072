import { expect, it } from "vitest";
import { withNumpyGeneration } from "./numpy-generation.ts";

it.each([
  [
    ["scikit-learn==1.2.2", "numpy", "pandas"],
    ["scikit-learn==1.2.2", "pandas", "numpy<2"],
  ],
  [["scikit-learn==1.2.*"], ["scikit-learn==1.2.*", "numpy<2"]],
  [["pandas==2.2.1"], ["pandas==2.2.1", "numpy<2"]],
])("holds NumPy back for what was built before it: %j", (given, wanted) => {
  expect(withNumpyGeneration(given)).toEqual(wanted);
});

it.each([
  [["scikit-learn==1.7.0", "numpy==2.3.1"]],
  [["scikit-learn==1.4.2"]],
  [["scikit-learn==1.2.2", "numpy==1.23.5"]],
  [["scikit-learn>=1.2", "numpy"]],
  [["pandas==2.*"]],
])("leaves alone what needs nothing: %j", (given) => {
  expect(withNumpyGeneration(given)).toEqual(given);
});
