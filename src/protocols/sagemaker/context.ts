import type { ModelHost } from "../../core/hosting/model-host.ts";
import type { Registrar } from "../../core/hosting/registration.ts";
import type { RouteContext } from "./exchange.ts";

/** What the container's routes work with. */
export interface SagemakerContext extends RouteContext {
  readonly host: ContainerHost;
  readonly mode: ContainerMode;
  /** Of one answer. */
  readonly maxResponseBytes: number;
  /** Whether calls are refused, since the server is on its way out. */
  readonly isStopping: () => boolean;
  /** Whether a WebSocket with this header is let in: it does not pass the hooks that requests pass. */
  readonly admits: (authorization: string | undefined) => boolean;
  /** What a batch transform is told of this container. */
  readonly executionParameters: ExecutionParameters;
}

export type ContainerHost = Pick<
  ModelHost,
  "register" | "unregister" | "describe" | "list" | "has" | "invoke" | "health"
>;

/** One model from the start, or models that are loaded and unloaded from outside. */
export type ContainerMode =
  | { readonly kind: "single"; readonly model: string }
  | ({ readonly kind: "multi" } & ModelFinder);

/** Where models are found, and how they run unless they say otherwise. */
export type ModelFinder = Omit<Registrar, "host">;

interface ExecutionParameters {
  readonly MaxConcurrentTransforms: number;
  readonly BatchStrategy: "SINGLE_RECORD" | "MULTI_RECORD";
  readonly MaxPayloadInMB: number;
}
