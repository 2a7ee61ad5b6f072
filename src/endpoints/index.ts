export { type ControlPlane, type ControlPlaneOptions, openControlPlane } from "./control-plane.ts";
