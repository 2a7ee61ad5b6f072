import { isSagemakerContainer } from "../../repositories/mms/sagemaker-variables.ts";

/** What `hostler serve` can be: a folder's models over V2, Multi Model Server, its successor TorchServe, or a SageMaker container. */
export const serveProfiles = ["v2", "mms", "torchserve", "sagemaker"] as const;

export type ServeProfile = (typeof serveProfiles)[number];

/** What people call the hosts. */
export const hostNames = {
  mms: "Multi Model Server",
  torchserve: "TorchServe",
  sagemaker: "a SageMaker container",
} as const satisfies Record<Exclude<ServeProfile, "v2">, string>;

/**
 * What was said counts. Otherwise the variables of SageMaker's platform decide, since the word `serve` is all that the
 * platform says.
 */
export function chooseProfile(said: ServeProfile | undefined, environment: NodeJS.ProcessEnv): ServeProfile {
  return said ?? (isSagemakerContainer(environment) ? "sagemaker" : "v2");
}
