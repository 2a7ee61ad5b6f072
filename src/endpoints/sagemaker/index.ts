import type { Clock } from "../../core/ports/clock.ts";
import type { HostedEndpointOperations, VariantMetrics } from "../../core/ports/hosted-endpoints.ts";
import type { HostedDirectory } from "../../core/ports/hosted-runtime.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { ContainerLauncher } from "../../core/ports/model-container.ts";
import type { ObjectStore } from "../../core/ports/object-store.ts";
import type {
  EndpointConfigOperations,
  HostedModelOperations,
  TagOperations,
} from "../../core/ports/sagemaker-catalogue.ts";
import type { SagemakerStore } from "../sagemaker-records.ts";
import { configCatalogue, modelCatalogue } from "./catalogue.ts";
import { HostedEndpointService } from "./hosted-endpoint-service.ts";
import { TagService } from "./tag-service.ts";

export interface SagemakerOptions {
  readonly launcher: ContainerLauncher;
  readonly objects: ObjectStore;
  /** Models that one container loads at once. */
  readonly concurrentLoads: number;
}

interface Rooms {
  readonly store: SagemakerStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly wallTime: () => number;
  /** Whether an endpoint of another kind has this name. */
  readonly isOthers: (name: string) => boolean;
}

/** SageMaker's kind of endpoints, beside Azure's in one state. */
export interface SagemakerPlane {
  readonly models: HostedModelOperations;
  readonly configs: EndpointConfigOperations;
  readonly endpoints: HostedEndpointOperations;
  readonly tags: TagOperations;
  readonly directory: HostedDirectory;
  metrics(): readonly VariantMetrics[];
  start(): void;
  stop(options: { readonly force: boolean }): Promise<void>;
}

export function openSagemaker(options: SagemakerOptions, rooms: Rooms): SagemakerPlane {
  const { store, wallTime } = rooms;
  const endpoints = new HostedEndpointService({ ...rooms, ...options });
  return {
    models: modelCatalogue(store, wallTime),
    configs: configCatalogue(store, wallTime),
    endpoints,
    tags: new TagService(store),
    directory: endpoints,
    metrics: () => endpoints.allMetrics(),
    start: () => {
      endpoints.start();
    },
    stop: (how) => endpoints.stop(how),
  };
}
