export { scoringBackend } from "./backend.ts";
export { serverVersion } from "./contract.ts";
export { scoringListener } from "./server.ts";
