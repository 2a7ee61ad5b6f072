import { z } from "zod";
import type { DeploymentSpec } from "../../contracts/control/deployment.ts";
import { textMapSchema } from "./json.ts";

/** The one quantity that Kubernetes and ARM call differently. */
const gpu = { kept: "nvidia.com/gpu", wire: "gpu" } as const;

export function encodeResources({ requests, limits }: NonNullable<DeploymentSpec["resources"]>): object {
  return { containerResourceRequests: encoded(requests), containerResourceLimits: encoded(limits) };
}

export const resourcesSchema = z
  .object({ containerResourceRequests: textMapSchema, containerResourceLimits: textMapSchema })
  .nullish()
  .transform((resources) =>
    resources === null || resources === undefined
      ? null
      : {
          requests: decoded(resources.containerResourceRequests),
          limits: decoded(resources.containerResourceLimits),
        },
  );

function encoded(quantities: Readonly<Record<string, string>>): object {
  return renamed(quantities, gpu.kept, gpu.wire);
}

function decoded(quantities: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return renamed(quantities, gpu.wire, gpu.kept);
}

function renamed(
  quantities: Readonly<Record<string, string>>,
  from: string,
  to: string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(quantities).map(([name, value]) => [name === from ? to : name, value]),
  );
}
