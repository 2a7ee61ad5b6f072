import { type AzureReference, parseReference } from "../../contracts/azureml/references.ts";
import type { AssetKind, AssetReference } from "../../contracts/control/assets.ts";
import {
  assetNameSchema,
  assetVersionSchema,
  type DeploymentName,
  deploymentNameSchema,
  type EndpointName,
  endpointNameSchema,
  nameRule,
} from "../../contracts/control/names.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ArmCall, Scope } from "./context.ts";
import { curatedPrefix, isAzures, newestCurated } from "./curated.ts";

export function workspaceId({ subscription, group, workspace }: Scope): string {
  return `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.MachineLearningServices/workspaces/${workspace}`;
}

export function endpointId(scope: Scope, endpoint: string): string {
  return `${workspaceId(scope)}/onlineEndpoints/${endpoint}`;
}

export function deploymentId(scope: Scope, endpoint: string, deployment: string): string {
  return `${endpointId(scope, endpoint)}/deployments/${deployment}`;
}

export function assetId(scope: Scope, kind: string, name: string, version: string): string {
  return `${workspaceId(scope)}/${kind}/${name}/versions/${version}`;
}

export function endpointNameOf(call: ArmCall): EndpointName {
  const name = endpointNameSchema.safeParse(call.param("endpoint"));
  if (name.success) return name.data;
  throw ServingError.invalidField("endpoint", nameRule, call.param("endpoint"));
}

export function deploymentNameOf(call: ArmCall): DeploymentName {
  const name = deploymentNameSchema.safeParse(call.param("deployment"));
  if (name.success) return name.data;
  throw ServingError.invalidField("deployment", nameRule, call.param("deployment"));
}

/** The SDK leaves the prefix of azureml:NAME@latest in place where code, and not a file, names an asset. */
export function withoutPrefix(name: string): string {
  return name.replace(/^azureml:/i, "");
}

/**
 * Which asset a client means by one of Azure's many ways to write it, with or without `azureml:` in front.
 *
 * @param field of the request, for the error
 * @throws ServingError INVALID_REQUEST
 */
export function assetReferenceOf(kind: AssetKind, text: string, field: string): AssetReference {
  const parsed = parseReference(/^azureml:/i.test(text) ? text : `azureml:${text}`);
  const reference = parsed.kind === "mistake" ? null : referenceHere(kind, parsed.reference);
  if (reference !== null) return reference;
  const expected = `azureml:NAME:VERSION or …/${kind}/NAME/versions/VERSION of this workspace`;
  throw ServingError.invalidField(field, expected, text.slice(0, 300));
}

function referenceHere(kind: AssetKind, reference: AzureReference): AssetReference | null {
  const { scope, at } = reference;
  if (scope !== "workspace" && reference.type.toLowerCase() !== kind) return null;
  const isCurated = kind === "environments" && isAzures(reference);
  if (scope === "registry" && !isCurated) return null;
  if (at.kind === "label" && at.label !== "latest") return null;
  const wanted = at.kind === "version" ? at.version : "latest";
  const name = assetNameSchema.safeParse(
    scope === "registry" ? curatedPrefix + reference.name : withoutPrefix(reference.name),
  );
  const version = assetVersionSchema.safeParse(isCurated && wanted === "latest" ? newestCurated : wanted);
  return name.success && version.success ? { name: name.data, version: version.data } : null;
}
