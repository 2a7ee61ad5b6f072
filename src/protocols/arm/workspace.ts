import { workspace } from "../../contracts/control/workspace.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ArmCall, ArmReply, Scope } from "./context.ts";
import { workspaceId } from "./ids.ts";
import { systemData } from "./resource.ts";
import { accountName, containerName, datastoreName } from "./storage.ts";

/** A workspace has always been there. */
const epoch = "2024-01-01T00:00:00.000Z";
const nobody = "00000000-0000-0000-0000-000000000000";

export function getWorkspace(call: ArmCall): Promise<ArmReply> {
  return Promise.resolve({ status: 200, body: encodeWorkspace(call) });
}

export function listWorkspaces(call: ArmCall): Promise<ArmReply> {
  const { subscription, group } = call.scope;
  const scope = {
    subscription,
    group: group === "" ? workspace.resourceGroup : group,
    workspace: workspace.name,
  };
  return Promise.resolve({ status: 200, body: { value: [encodeWorkspace({ ...call, scope })] } });
}

function encodeWorkspace({ scope, origin }: ArmCall): object {
  const group = `/subscriptions/${scope.subscription}/resourceGroups/${scope.group}/providers`;
  return {
    id: workspaceId(scope),
    name: scope.workspace,
    type: "Microsoft.MachineLearningServices/workspaces",
    location: workspace.location,
    kind: "Default",
    sku: { name: "Basic", tier: "Basic" },
    tags: {},
    identity: { type: "SystemAssigned", principalId: nobody, tenantId: nobody },
    properties: {
      friendlyName: scope.workspace,
      description: "",
      workspaceId: nobody,
      storageAccount: `${group}/Microsoft.Storage/storageAccounts/${workspace.storageAccount}`,
      containerRegistry: `${group}/Microsoft.ContainerRegistry/registries/${workspace.containerRegistry}`,
      keyVault: `${group}/Microsoft.Keyvault/vaults/${workspace.name}`,
      applicationInsights: `${group}/Microsoft.insights/components/${workspace.name}`,
      discoveryUrl: `${origin}/discovery`,
      mlFlowTrackingUri: "",
      hbiWorkspace: false,
      publicNetworkAccess: "Enabled",
      v1LegacyMode: false,
      provisioningState: "Succeeded",
    },
    systemData: systemData(epoch, epoch),
  };
}

export function listDatastores(call: ArmCall): Promise<ArmReply> {
  return Promise.resolve({ status: 200, body: { value: [encodeDatastore(call)] } });
}

export function getDatastore(call: ArmCall): Promise<ArmReply> {
  checkName(call);
  return Promise.resolve({ status: 200, body: encodeDatastore(call) });
}

/** Whoever may call this server may read and write here. */
export function listSecrets(call: ArmCall): Promise<ArmReply> {
  checkName(call);
  return Promise.resolve({ status: 200, body: { secretsType: "Sas", sasToken: call.accessSignature } });
}

function checkName(call: ArmCall): void {
  const name = call.param("datastore");
  if (name.toLowerCase() === datastoreName) return;
  throw new ServingError("ASSET_NOT_FOUND", `There is no datastore ${name.slice(0, 100)}.`, {
    hint: `${datastoreName} is the only one.`,
  });
}

function encodeDatastore({ scope, origin }: ArmCall): object {
  const { subscription, group }: Scope = scope;
  return {
    id: `${workspaceId(scope)}/datastores/${datastoreName}`,
    name: datastoreName,
    type: "Microsoft.MachineLearningServices/workspaces/datastores",
    properties: {
      datastoreType: "AzureBlob",
      accountName: accountName(origin),
      containerName,
      endpoint: "core.windows.net",
      protocol: "https",
      credentials: { credentialsType: "Sas", secrets: null },
      isDefault: true,
      subscriptionId: subscription,
      resourceGroup: group,
      serviceDataAccessAuthIdentity: "None",
      description: null,
      tags: {},
      properties: {},
    },
    systemData: systemData(epoch, epoch),
  };
}
