import { workspacePath } from "./arm-rig.ts";

/** What azure-ai-ml sends for a new endpoint. */
export const endpointBody = {
  location: "local",
  identity: { type: "SystemAssigned" },
  tags: { team: "a", size: 3 },
  properties: {
    authMode: "Key",
    description: "first",
    properties: {},
    traffic: {},
    mirrorTraffic: {},
    publicNetworkAccess: "enabled",
  },
};

/** And for a deployment of assets that are registered. */
export const deploymentBody = {
  location: "local",
  sku: { name: "Default", capacity: 2 },
  tags: {},
  properties: {
    endpointComputeType: "Managed",
    properties: { mine: "kept" },
    model: `${workspacePath}/models/factor/versions/1`,
    codeConfiguration: { codeId: `${workspacePath}/codes/src/versions/1`, scoringScript: "score.py" },
    environmentId: `${workspacePath}/environments/env/labels/latest`,
    environmentVariables: { COLOUR: "blue", WORKERS: 2 },
    instanceType: "Standard_DS3_v2",
    requestSettings: { requestTimeout: "PT1M30S" },
    readinessProbe: { initialDelay: "PT1S", period: "PT1S" },
    scaleSettings: { scaleType: "Default" },
    dataCollector: {
      collections: { in: { dataCollectionMode: "enabled", clientId: "c", samplingRate: 0.5 } },
      rollingRate: "Hour",
      requestLogging: { captureHeaders: ["a"] },
    },
  },
};
