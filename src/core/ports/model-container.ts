import type { ContainerDefinition } from "../../contracts/sagemaker/model.ts";
import type { BackendBody, BackendCall } from "./backend.ts";
import type { InstanceEnd, InstanceLog } from "./instance-launcher.ts";

/** Brings containers of variants to life: as containers, or as a host of our own that keeps their contract. */
export interface ContainerLauncher {
  /** Resolves when it answers; rejects with a ServingError that says what is missing and how to get it. */
  launch(order: ContainerLaunch, log: InstanceLog): Promise<ModelContainer>;
  /** Gives up what is being launched, now and from now on: it rejects with SHUTTING_DOWN. */
  stop(): void;
}

export interface ContainerLaunch {
  readonly endpoint: string;
  readonly variant: string;
  /** Which instance of the variant. */
  readonly ordinal: number;
  readonly definition: ContainerDefinition;
  readonly startupTimeoutMs: number;
  readonly downloadTimeoutMs: number;
}

/** A container that keeps SageMaker's contract, with one model or with many that come and go. */
export interface ModelContainer {
  /** What the image's name stood for, as `process` or `image sha256:…`. */
  readonly resolved: string;
  /** Null where the container has its one model from the start. */
  readonly models: ContainerModels | null;
  /** Sends a call; null is the only model. Never rejects. */
  invoke(model: string | null, request: ContainerRequest): BackendCall;
  readonly ended: Promise<InstanceEnd>;
  /** Resolves when nothing of it is left. */
  stop(graceMs: number): Promise<void>;
}

export interface ContainerModels {
  /**
   * Finds, downloads and unpacks; the id names these very files, so that others under the same target get another id.
   * INVALID_REQUEST where there is no such object.
   */
  obtain(target: string): Promise<ObtainedModel>;
  /** Resolves when it serves; OUT_OF_MEMORY where something has to go first, MODEL_LOAD_FAILED for all else. */
  load(model: ObtainedModel): Promise<void>;
  /** Resolves when its resources are back. */
  unload(model: ObtainedModel): Promise<void>;
  /** Takes its files from the disk as well. */
  discard(model: ObtainedModel): Promise<void>;
}

export interface ObtainedModel {
  readonly id: string;
  readonly target: string;
}

export interface ContainerRequest {
  /** Name and value in turn. */
  readonly headers: readonly string[];
  readonly body: BackendBody;
}
