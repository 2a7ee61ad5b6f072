/** The one workspace of a control plane, in the words of Azure's resource ids. */
export const workspace = {
  subscription: "00000000-0000-0000-0000-000000000000",
  resourceGroup: "local",
  name: "hostler",
  location: "local",
  containerRegistry: "hostlerlocal",
  storageAccount: "hostlerlocal",
} as const;

const group = `/subscriptions/${workspace.subscription}/resourceGroups/${workspace.resourceGroup}/providers`;

/** Resource ids as Azure writes them; `…/workspaces/hostler/onlineEndpoints/e/deployments/d`. */
export const resourceIds = {
  workspace: `${group}/Microsoft.MachineLearningServices/workspaces/${workspace.name}`,
  containerRegistry: `${group}/Microsoft.ContainerRegistry/registries/${workspace.containerRegistry}`,
  storageAccount: `${group}/Microsoft.Storage/storageAccounts/${workspace.storageAccount}`,
  keyVault: `${group}/Microsoft.Keyvault/vaults/${workspace.name}`,
  endpoint: (endpoint: string): string => `${resourceIds.workspace}/onlineEndpoints/${endpoint}`,
  deployment: (endpoint: string, deployment: string): string =>
    `${resourceIds.endpoint(endpoint)}/deployments/${deployment}`,
  asset: (kind: string, name: string, version: string): string =>
    `${resourceIds.workspace}/${kind}/${name}/versions/${version}`,
} as const;
