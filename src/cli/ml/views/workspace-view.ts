import { resourceIds, workspace } from "../../../contracts/control/workspace.ts";
import type { JsonObject } from "../output/json-value.ts";

/** The workspace, with the keys that Azure's command line prints. */
export const workspaceView: JsonObject = {
  container_registry: resourceIds.containerRegistry,
  description: "Endpoints of hostler on this machine",
  display_name: workspace.name,
  id: resourceIds.workspace,
  key_vault: resourceIds.keyVault,
  location: workspace.location,
  name: workspace.name,
  public_network_access: "Enabled",
  resource_group: workspace.resourceGroup,
  storage_account: resourceIds.storageAccount,
  tags: {},
};
