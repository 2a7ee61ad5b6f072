import type { InferenceConfig } from "../../contracts/control/assets.ts";
import type { InstanceRoutes, LaunchOrder } from "../../core/ports/instance-launcher.ts";

/** The scoring server's, which every image without an `inference_config` is expected to have. */
export const defaultPort = 5001;
const defaultConfig: InferenceConfig = {
  liveness_route: { path: "/", port: defaultPort },
  readiness_route: { path: "/", port: defaultPort },
  scoring_route: { path: "/score", port: defaultPort },
};

export function inferenceConfigOf({ environment }: LaunchOrder): InferenceConfig {
  return environment?.inference_config ?? defaultConfig;
}

export function routesOf(config: InferenceConfig): InstanceRoutes {
  return {
    liveness: config.liveness_route.path,
    readiness: config.readiness_route.path,
    scoring: config.scoring_route.path,
  };
}

/** Each port once. */
export function portsOf(config: InferenceConfig): readonly number[] {
  return [
    ...new Set([config.liveness_route, config.readiness_route, config.scoring_route].map(({ port }) => port)),
  ];
}
