export { scoringBackend, type ScoringSettings } from "./backend.ts";
export { serverVersion } from "./contract.ts";
export { scoringListener, type ScoringListenerOptions } from "./server.ts";
