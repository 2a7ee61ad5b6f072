import { sagemakerRoutes } from "../protocols/sagemaker/routes.ts";
import { v2Routes } from "../protocols/v2/routes.ts";

/** Routes on which models are called. */
export const inferenceRoutes: readonly string[] = [
  ...v2Routes.filter(({ operation }) => operation === "infer").map(({ path }) => path),
  sagemakerRoutes.invocations,
  sagemakerRoutes.invoke,
];

/** Routes that probes call, every few seconds: neither logged nor counted (MLServer leaves them out too). */
export const healthRoutes: readonly string[] = [
  ...v2Routes
    .filter(({ operation }) => operation === "server-live" || operation === "server-ready")
    .map(({ path }) => path),
  sagemakerRoutes.ping,
];
