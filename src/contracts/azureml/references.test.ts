import { describe, expect, it } from "vitest";
import { looksLikeReference, parseReference } from "./references.ts";

const workspaceId =
  "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w";

describe("parseReference", () => {
  it.each([
    ["azureml:m:1", { scope: "workspace", name: "m", at: { kind: "version", version: "1" } }],
    ["azureml:m:1:2", { scope: "workspace", name: "m", at: { kind: "version", version: "1:2" } }],
    ["azureml:m@latest", { scope: "workspace", name: "m", at: { kind: "label", label: "latest" } }],
    ["azureml:m", { scope: "workspace", name: "m", at: { kind: "default" } }],
    [
      `azureml:${workspaceId}/models/m/versions/3`,
      {
        scope: "resource",
        subscription: "s",
        resourceGroup: "g",
        workspace: "w",
        type: "models",
        name: "m",
        at: { kind: "version", version: "3" },
      },
    ],
    [
      `azureml:${workspaceId}/environments/e/labels/latest`,
      { scope: "resource", type: "environments", name: "e", at: { kind: "label", label: "latest" } },
    ],
    [
      "azureml://registries/azureml/environments/sklearn-1.5/labels/latest",
      {
        scope: "registry",
        registry: "azureml",
        type: "environments",
        name: "sklearn-1.5",
        at: { kind: "label", label: "latest" },
      },
    ],
    [
      "azureml://registries/r/models/m/versions/1",
      { scope: "registry", registry: "r", type: "models", name: "m", at: { kind: "version", version: "1" } },
    ],
    ["azureml://registries/r/models/m", { scope: "registry", name: "m", at: { kind: "default" } }],
  ])("reads %s", (text, reference) => {
    expect(parseReference(text)).toMatchObject({ kind: "reference", reference });
  });

  it.each([
    ["m:1", 'does not start with "azureml:"'],
    ["./models", 'does not start with "azureml:"'],
    ["azureml:", "is no reference"],
    ["azureml:a/b:1", "is no reference"],
    ["azureml:m@", "is no reference"],
    ["azureml://datastores/d/paths/p", "is no reference"],
    [`azureml:${workspaceId}/models/m`, "is no reference"],
  ])("refuses %s", (text, reason) => {
    const parsed = parseReference(text);
    expect(parsed.kind === "mistake" ? parsed.reason : "taken").toContain(reason);
  });
});

it("tells references from paths", () => {
  expect(["azureml:code:1", "src", "./azureml:x"].map(looksLikeReference)).toEqual([true, false, false]);
});
