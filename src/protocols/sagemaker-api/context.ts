import type { Clock } from "../../core/ports/clock.ts";
import type { HostedEndpointOperations } from "../../core/ports/hosted-endpoints.ts";
import type { HostedDirectory } from "../../core/ports/hosted-runtime.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { RequestObserver } from "../../core/ports/request-observer.ts";
import type {
  EndpointConfigOperations,
  HostedModelOperations,
  TagOperations,
} from "../../core/ports/sagemaker-catalogue.ts";

/** Who may call: whoever signs with this key pair, whoever reaches a loopback address, or nobody. */
export type Access =
  | { readonly kind: "key-pair"; readonly accessKeyId: string; readonly secretAccessKey: string }
  | { readonly kind: "local" }
  | { readonly kind: "closed" };

interface SharedContext {
  readonly access: Access;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallTime: () => number;
  readonly logger: Logger;
}

/** What the data plane works with. */
export interface RuntimeContext extends SharedContext {
  readonly directory: HostedDirectory;
  /** Whether an endpoint of another kind has this name. */
  readonly isOthers: (name: string) => boolean;
  readonly observer: RequestObserver;
  /** Largest request body. */
  readonly maxBodyBytes: number;
}

/** What the control plane works with. */
export interface ControlContext extends SharedContext {
  readonly models: HostedModelOperations;
  readonly configs: EndpointConfigOperations;
  readonly endpoints: HostedEndpointOperations;
  readonly tags: TagOperations;
}
