export { type ControlPlane, openControlPlane } from "./control-plane.ts";
