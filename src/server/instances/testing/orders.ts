import {
  codeAssetSchema,
  environmentAssetSchema,
  modelAssetSchema,
  type CodeAsset,
  type EnvironmentAsset,
  type ModelAsset,
} from "../../../contracts/control/assets.ts";
import { deploymentSpecSchema } from "../../../contracts/control/deployment.ts";
import type { LaunchOrder } from "../../../core/ports/instance-launcher.ts";

const record = {
  version: "1",
  is_archived: false,
  created_at: "2026-01-01T00:00:00Z",
  modified_at: "2026-01-01T00:00:00Z",
};

export function codeAt(path: string): CodeAsset {
  return codeAssetSchema.parse({ ...record, name: "code", path });
}

export function modelAt(path: string, more: object = {}): ModelAsset {
  return modelAssetSchema.parse({ ...record, name: "model", path, ...more });
}

export function environmentOf(more: object): EnvironmentAsset {
  return environmentAssetSchema.parse({ ...record, name: "environment", ...more });
}

export interface OrderFields {
  readonly spec?: object;
  readonly script?: string;
  readonly code?: CodeAsset;
  readonly model?: ModelAsset;
  readonly environment?: EnvironmentAsset;
}

/** For launches that are never called off. */
export const wanted = new Promise<never>(() => undefined);

/** What the reconciler would order; `script` makes it a deployment with code. */
export function launchOrder({ spec = {}, script, code, model, environment }: OrderFields): LaunchOrder {
  const reference = { name: "code", version: "1" };
  return {
    spec: deploymentSpecSchema.parse({
      name: "blue",
      endpoint_name: "house",
      ...(script === undefined ? {} : { code_configuration: { code: reference, scoring_script: script } }),
      ...spec,
    }),
    revision: 1,
    model: model ?? null,
    code: code ?? null,
    environment: environment ?? null,
  };
}

/** `inference_config` with all three routes on one port. */
export function routesOn(port: number, liveness = "/"): object {
  return {
    liveness_route: { path: liveness, port },
    readiness_route: { path: liveness, port },
    scoring_route: { path: "/score", port },
  };
}
