import type {
  DesiredCapacity,
  EndpointPlan,
  HostedEndpointState,
  UpdateEndpoint,
} from "../../contracts/sagemaker/endpoint.ts";
import type { Tag } from "../../contracts/sagemaker/model.ts";

/** An endpoint of SageMaker's kind, as its control plane tells of it. */
export interface HostedEndpoint {
  readonly name: string;
  readonly arn: string;
  /** `SystemUpdating`: it was in service when hostler stopped, and is being brought back. */
  readonly status: HostedEndpointState | "SystemUpdating";
  /** Why the newest change did not come about; null where it did. */
  readonly failureReason: string | null;
  /** Milliseconds of the epoch. */
  readonly createdAt: number;
  readonly modifiedAt: number;
  /** What serves, or where nothing does yet, what is to. */
  readonly plan: EndpointPlan;
  readonly configName: string;
  readonly variants: readonly HostedVariant[];
}

export interface HostedVariant {
  readonly name: string;
  readonly isShadow: boolean;
  readonly weight: number;
  readonly desiredInstances: number;
  /** Those that take calls. */
  readonly instances: number;
  /** Names of images, with what they stand for on this machine. */
  readonly images: readonly DeployedImage[];
}

export interface DeployedImage {
  readonly specified: string;
  readonly resolved: string;
}

/** Endpoints, as SageMaker's control plane offers them. All reject with a ServingError whose message AWS's clients know. */
export interface HostedEndpointOperations {
  /** Durable when it resolves; its instances come up afterwards. Gives the ARN. */
  create(name: string, configName: string, tags: readonly Tag[]): Promise<string>;
  /** The old one serves until the new one can; where that fails, for good. */
  update(change: UpdateEndpoint): Promise<string>;
  setCapacities(name: string, wanted: readonly DesiredCapacity[]): Promise<string>;
  /** ENDPOINT_NOT_FOUND. */
  get(name: string): Promise<HostedEndpoint>;
  list(): Promise<readonly HostedEndpoint[]>;
  /** Durable when it resolves; calls under way end first, then its instances. */
  delete(name: string): Promise<void>;
  metrics(name: string): Promise<readonly VariantMetrics[]>;
  /** The newest lines of its containers, oldest first. */
  logs(name: string, lines: number): Promise<string>;
}

/** A sum of measurements, and how many there were. */
export interface Summary {
  readonly sum: number;
  readonly count: number;
}

/** What one variant did since it runs, under CloudWatch's names. Times in microseconds. */
export interface VariantMetrics {
  readonly endpoint: string;
  readonly variant: string;
  readonly counters: Readonly<Record<VariantCounter, number>>;
  readonly summaries: Readonly<Record<VariantSummary, Summary>>;
  readonly gauges: Readonly<Record<VariantGauge, number>>;
}

export const variantCounters = [
  "Invocations",
  "Invocation4XXErrors",
  "Invocation5XXErrors",
  "InvocationModelErrors",
] as const;
export type VariantCounter = (typeof variantCounters)[number];

/** `ModelCacheHit` is 1 for each call whose model was in memory and 0 for the others: its average is the ratio. */
export const variantSummaries = [
  "ModelLatency",
  "OverheadLatency",
  "ModelLoadingWaitTime",
  "ModelDownloadingTime",
  "ModelLoadingTime",
  "ModelUnloadingTime",
  "ModelCacheHit",
] as const;
export type VariantSummary = (typeof variantSummaries)[number];

export const variantGauges = ["LoadedModelCount", "InvocationsPerInstance", "InFlight"] as const;
export type VariantGauge = (typeof variantGauges)[number];
