import type { ModelSpec } from "../models/model-spec.ts";
import type { HandlerLog, HandlerProcess } from "./handler-launcher.ts";

/** Hosts models of our own runtimes as if they were handlers: bytes in, bytes out. */
export interface BuiltInLauncher {
  /** Resolves when the model is in memory. Rejects with MODEL_LOAD_FAILED or OUT_OF_MEMORY; nothing of it is left then. */
  start(spec: ModelSpec, log: HandlerLog): Promise<HandlerProcess>;
}
