import { describe, expect, test } from "vitest";
import { readCondaFile } from "./conda-file.ts";
import { withoutOwnPackages } from "./requirements.ts";

describe("a conda file", () => {
  test("as Azure's samples have it", () => {
    const content = {
      name: "model-env",
      channels: ["conda-forge"],
      dependencies: [
        "python=3.9",
        "numpy=1.21.2",
        "pip=21.2.4",
        "scikit-learn=0.24.2",
        "scipy>=1.7, <2",
        "conda-forge::pytorch=2.1.0=py39_cpu",
        {
          pip: ["azureml-defaults==1.38.0", "joblib==1.0.1 ", "--extra-index-url https://example.org/simple"],
        },
      ],
    };
    expect(readCondaFile(content)).toEqual({
      python: "3.9",
      requirements: [
        "numpy==1.21.2.*",
        "scikit-learn==0.24.2.*",
        "scipy>=1.7,<2",
        "torch==2.1.0.*",
        "azureml-defaults==1.38.0",
        "joblib==1.0.1",
      ],
      options: ["--extra-index-url https://example.org/simple"],
      condaOnly: [],
    });
  });

  test.each([
    ["numpy", "numpy"],
    ["numpy==1.2", "numpy==1.2"],
    ["numpy 1.2.*", "numpy==1.2.*"],
    ["numpy=1.2.*", "numpy==1.2.*"],
    ["numpy >=1.2", "numpy>=1.2"],
    ["numpy==1.2=py39_0", "numpy==1.2"],
    ["py-xgboost", "xgboost"],
  ])("%s is pip's %s", (entry, requirement) => {
    expect(readCondaFile({ dependencies: [entry] }).requirements).toEqual([requirement]);
  });

  test("names what only conda has", () => {
    expect(readCondaFile({ dependencies: ["cudatoolkit=11.8", "r-base", "numpy"] }).condaOnly).toEqual([
      "cudatoolkit=11.8",
      "r-base",
    ]);
  });

  test("that points to other files is refused", () => {
    const content = { dependencies: [{ pip: ["-r requirements.txt"] }] };
    expect(() => readCondaFile(content)).toThrow(/-r requirements.txt points to another file/);
  });

  test.each([{ dependencies: "numpy" }, { dependencies: [{ pip: "numpy" }] }])("%j is none", (content) => {
    expect(() => readCondaFile(content)).toThrow(/^conda_file: dependencies/);
  });
});

test("what hostler stands in for is left out, and what it would have brought along stays", () => {
  const asked = [
    "azureml-inference-server-http",
    "Inference_Schema[numpy-support, pandas-support]>=1.8",
    "xgboost",
  ];
  expect(withoutOwnPackages(asked)).toEqual({
    requirements: ["numpy", "pandas", "xgboost"],
    left: asked.slice(0, 2),
  });
});
