/** What all resources have in common on the wire. */

export function systemData(createdAt: string, modifiedAt: string): object {
  return {
    createdBy: "hostler",
    createdByType: "User",
    createdAt,
    lastModifiedBy: "hostler",
    lastModifiedByType: "User",
    lastModifiedAt: modifiedAt,
  };
}

/** Settings that Azure has no field for: a tag as in YAML, and a property. */
export const engineTag = "hostler.engine";
export const commandProperty = "hostler.command";

const asyncOperationKey = "AzureAsyncOperationUri";
const idKeys = ["azureml.onlineendpointid", "azureml.onlinedeploymentid"] as const;
/** What a client got with the properties and sends back with them. */
const reserved = new Set<string>([
  asyncOperationKey,
  ...idKeys,
  "createdBy",
  "createdAt",
  "lastModifiedAt",
  commandProperty,
]);

/** Scripts look among the properties for where to ask whether it is done, and for the id. */
export function resourceProperties(
  idKey: (typeof idKeys)[number],
  id: string,
  operationUrl: string,
): Readonly<Record<string, string>> {
  return { [idKey]: id, [asyncOperationKey]: operationUrl };
}

export function withoutResourceProperties(
  properties: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => !reserved.has(key)));
}

/** `enabled` is `Enabled` there. */
export function inAzuresWords(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
