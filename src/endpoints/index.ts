export { type ControlPlane, openControlPlane } from "./control-plane.ts";
export type { SagemakerPlane } from "./sagemaker/index.ts";
