import { MlError } from "../ml-error.ts";
import type { JsonObject } from "../output/json-value.ts";
import type { Session } from "../session.ts";
import { deploymentRow, deploymentView } from "../views/deployment-view.ts";
import { orNull } from "./refusals.ts";

interface Which {
  readonly name: string;
  readonly endpointName: string;
}

/** A deployment that is not there ends with status 1, unlike everything else that can be shown: so does Azure's. */
export async function showDeployment(
  { name, endpointName }: Which,
  { client }: Session,
): Promise<JsonObject> {
  const deployment = await orNull(client.getDeployment(endpointName, name), "DEPLOYMENT_NOT_FOUND");
  if (deployment !== null) return deploymentView(deployment);
  throw new MlError("Deployment does not exist.", {
    hint: `See which there are with hostler ml online-deployment list -e ${endpointName}.`,
  });
}

export async function listDeployments(
  { endpointName }: { readonly endpointName: string },
  { client }: Session,
): Promise<readonly JsonObject[]> {
  return (await client.listDeployments(endpointName)).map(deploymentRow);
}

const usualLines = 5000;

/** Plain text, whatever the format: so scripts have it. */
export async function printLogs(
  { name, endpointName, lines, container }: Which & LogValues,
  { client, print }: Session,
): Promise<void> {
  const log = await client.logs(endpointName, name, { lines: lines ?? usualLines, container });
  print(log === "" || log.endsWith("\n") ? log : `${log}\n`);
}

interface LogValues {
  readonly lines: number | undefined;
  readonly container: string | undefined;
}
