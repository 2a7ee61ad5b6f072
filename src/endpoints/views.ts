import type { Deployment } from "../contracts/control/deployment.ts";
import type { Endpoint, Traffic } from "../contracts/control/endpoint.ts";
import type { DeploymentRecord, EndpointRecord } from "./records.ts";
import type { RunningDeployment } from "./live-endpoints.ts";

/** An endpoint as the control API shows it: with a share for every deployment that gets no copies. */
export function endpointView(
  { spec, revision, createdAt, modifiedAt }: EndpointRecord,
  deployments: readonly DeploymentRecord[],
  scoringBaseUrl: string,
): Endpoint {
  const base = `${scoringBaseUrl}/endpoints/${spec.name}`;
  const traffic: Traffic = { ...spec.traffic };
  for (const { spec: deployment } of deployments) {
    if (spec.mirror_traffic[deployment.name] === undefined) traffic[deployment.name] ??= 0;
  }
  return {
    ...spec,
    traffic,
    provisioning_state: "Succeeded",
    scoring_uri: `${base}/score`,
    openapi_uri: `${base}/swagger.json`,
    revision,
    created_at: createdAt,
    modified_at: modifiedAt,
  };
}

export function deploymentView(
  { spec, state, reason, revision, createdAt, modifiedAt }: DeploymentRecord,
  running: RunningDeployment | undefined,
): Deployment {
  return {
    ...spec,
    provisioning_state: state,
    reason,
    revision,
    instances: [...(running?.runner.instances ?? [])],
    created_at: createdAt,
    modified_at: modifiedAt,
  };
}
