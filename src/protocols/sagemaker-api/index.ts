export type { Access } from "./context.ts";
export { registerSagemakerControl } from "./control.ts";
export { SagemakerRuntime } from "./runtime.ts";
