import { chmod, mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { EndpointName } from "../contracts/control/names.ts";
import type { AssetOperations } from "../core/ports/asset-operations.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { DeploymentOperations } from "../core/ports/deployment-operations.ts";
import type { EndpointDirectory } from "../core/ports/endpoint-directory.ts";
import type {
  Actor,
  EndpointHistory,
  EndpointKeys,
  EndpointOperations,
  RolloutOperations,
} from "../core/ports/endpoint-operations.ts";
import type { InstanceLauncher } from "../core/ports/instance-launcher.ts";
import type { Logger } from "../core/ports/logger.ts";
import { AssetCatalogue } from "./assets/asset-catalogue.ts";
import { AssetCollector } from "./assets/asset-collector.ts";
import { AssetFolder } from "./assets/asset-folder.ts";
import { DeploymentService } from "./deployment-service.ts";
import { EndpointService } from "./endpoint-service.ts";
import { EventLog } from "./event-log.ts";
import { HistoryService } from "./history-service.ts";
import { Journal } from "./journal.ts";
import { KeyService } from "./key-service.ts";
import { LiveEndpoints } from "./live-endpoints.ts";
import { RolloutService } from "./rollouts/rollout-service.ts";
import { openSagemaker, type SagemakerOptions, type SagemakerPlane } from "./sagemaker/index.ts";
import { Store } from "./store/store.ts";

export interface ControlPlaneOptions {
  /** Made if it is not there; nobody else may look into it. */
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly launcher: InstanceLauncher;
  /** As `http://127.0.0.1:8800`. */
  readonly scoringBaseUrl: () => string;
  /** Milliseconds since 1970; the system's by default. */
  readonly wallTime?: () => number;
  /** What SageMaker's endpoints run with; without it there are none. */
  readonly sagemaker?: SagemakerOptions;
}

export interface ControlPlane {
  readonly endpoints: EndpointOperations;
  readonly keys: EndpointKeys;
  readonly history: EndpointHistory;
  readonly rollouts: RolloutOperations;
  readonly deployments: DeploymentOperations;
  readonly assets: AssetOperations;
  readonly directory: EndpointDirectory;
  readonly sagemaker: SagemakerPlane | null;
  /** Starts the instances of what is stored; they come up in the background. */
  start(): Promise<void>;
  /** Drains and ends every instance; with `force`, at once. A second call with `force` cuts the first one short. */
  stop(options?: { readonly force?: boolean }): Promise<void>;
}

/**
 * Opens the state of a control plane. Endpoints, keys and traffic are there when it resolves; calls wait for instances,
 * which {@link ControlPlane.start} starts.
 *
 * @throws ServingError CONFLICT when another process holds the folder, INVALID_SETTINGS when it cannot be used
 */
export async function openControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const folder = resolve(options.stateFolder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const store = new Store(join(folder, "hostler.db"));
  try {
    const plane = new Plane(options, store, new AssetFolder(join(folder, "assets")));
    await plane.open();
    return plane;
  } catch (error) {
    store.close();
    throw error;
  }
}

class Plane implements ControlPlane {
  readonly endpoints: EndpointService;
  readonly keys: KeyService;
  readonly history: HistoryService;
  readonly rollouts: RolloutService;
  readonly deployments: DeploymentService;
  readonly assets: AssetCatalogue;
  readonly directory: LiveEndpoints;
  readonly sagemaker: SagemakerPlane | null;
  readonly #store: Store;
  readonly #events: EventLog;
  readonly #collector: AssetCollector;
  #stopping: Promise<void> | null = null;

  constructor(options: ControlPlaneOptions, store: Store, assetFolder: AssetFolder) {
    const { clock, logger, launcher, scoringBaseUrl, wallTime = Date.now } = options;
    const timestamp = (): string => new Date(wallTime()).toISOString();
    const journal = new Journal(store, timestamp);
    const events = new EventLog({ store, clock, logger, timestamp });
    const live = new LiveEndpoints(wallTime);
    const trafficTaken = (name: EndpointName, actor: Actor): void => {
      this.rollouts.overtaken(name, actor);
    };
    this.#store = store;
    this.#events = events;
    this.directory = live;
    this.endpoints = new EndpointService({
      ...{ store, journal, events, live, scoringBaseUrl, trafficTaken },
      close: (endpoint) => this.deployments.close(endpoint),
    });
    this.assets = new AssetCatalogue({
      records: store.assets,
      folder: assetFolder,
      timestamp,
      userOf: (kind, { name, version }) => this.deployments.userOf(kind, name, version),
      references: () => {
        const isNamed = store.references.snapshot();
        return (kind, target) => isNamed(kind, target) || this.deployments.isRunning(kind, target);
      },
    });
    this.#collector = new AssetCollector({
      ...{ clock, wallTime, logger },
      collect: (before) => this.assets.collect(before),
    });
    const { endpoints, assets } = this;
    this.deployments = new DeploymentService({
      ...{ store, journal, events, live, endpoints, assets, clock, logger, launcher, wallTime },
      isNeeded: ({ endpoint, name }) => this.rollouts.needs(endpoint, name),
      ended: () => {
        this.#collector.wake();
      },
    });
    const { deployments } = this;
    this.keys = new KeyService({ store, events, live, endpoints });
    this.history = new HistoryService({ store, journal, events, live, endpoints, deployments, trafficTaken });
    this.rollouts = new RolloutService({
      ...{ endpoints, live, journal, events, clock, logger, timestamp, records: store.rollouts },
      deploymentsOf: (endpoint) => store.deployments.of(endpoint),
    });
    const { sagemaker = null } = options;
    const isOthers = (name: string): boolean => live.find(name) !== undefined;
    const rooms = { store, clock, logger, wallTime, isOthers };
    this.sagemaker = sagemaker === null ? null : openSagemaker(sagemaker, rooms);
  }

  async open(): Promise<void> {
    await this.assets.open();
    for (const stored of this.#store.endpoints.all()) this.directory.add(stored);
    for (const record of this.#store.deployments.all()) this.deployments.prepare(record);
  }

  start(): Promise<void> {
    for (const record of this.#store.deployments.all()) this.deployments.restore(record);
    this.rollouts.resume();
    this.sagemaker?.start();
    this.#collector.wake();
    return Promise.resolve();
  }

  async stop({ force = false }: { readonly force?: boolean } = {}): Promise<void> {
    this.rollouts.stop();
    const stopped = Promise.all([
      this.deployments.stop({ force }),
      this.sagemaker?.stop({ force }),
      this.#collector.stop(),
    ]);
    this.#stopping ??= stopped.then(() => {
      this.#events.stop();
      this.#store.close();
    });
    await this.#stopping;
  }
}
