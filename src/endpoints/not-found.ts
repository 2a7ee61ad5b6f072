import { ServingError } from "../contracts/serving-error.ts";

export function unknownEndpoint(name: string, known: readonly string[]): ServingError {
  const hint =
    known.length === 0 ? "There are no endpoints yet." : `There are: ${known.slice(0, 20).join(", ")}.`;
  return new ServingError("ENDPOINT_NOT_FOUND", `There is no endpoint ${name}.`, {
    field: "endpoint",
    got: name,
    hint,
  });
}

export function unknownDeployment(endpoint: string, name: string, known: readonly string[]): ServingError {
  const hint =
    known.length === 0
      ? "It has none yet: create the deployment first."
      : `It has: ${known.slice(0, 20).join(", ")}.`;
  return new ServingError("DEPLOYMENT_NOT_FOUND", `The endpoint ${endpoint} has no deployment ${name}.`, {
    field: "deployment",
    got: name,
    hint,
  });
}

/** Something with this name is still draining. */
export function stillDeleting(noun: string, name: string): ServingError {
  return new ServingError("CONFLICT", `The ${noun} ${name} is being deleted: its last calls are ending.`, {
    hint: "Try again in a few seconds.",
  });
}
