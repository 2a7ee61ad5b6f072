import type { DeploymentName, EndpointName } from "../../contracts/control/names.ts";
import type { Backend } from "./backend.ts";
import type { InstanceRoutes } from "./instance-launcher.ts";

/** The endpoints as the data plane sees them: in memory, always current, asked for every request. */
export interface EndpointDirectory {
  find(name: string): LiveEndpoint | undefined;
}

export interface LiveEndpoint {
  readonly name: EndpointName;
  /** How a status other than 200 of a model reaches the caller. */
  readonly statusMode: "azure" | "transparent";
  /** Whether a bearer token is one of the endpoint's keys or tokens; takes the same time for every wrong one. */
  admits(token: string): boolean;
  /** The deployment whose turn it is; over any 100 calls each gets exactly its share. Null where nothing has traffic. */
  next(): LiveDeployment | null;
  /** For callers that name one. */
  deployment(name: string): LiveDeployment | undefined;
  /** The deployment that gets a copy of the request that {@link next} was asked for last, where it is one of those that are copied. */
  nextMirror(): LiveDeployment | null;
  /** Told how a mirrored answer compares with the live one. */
  readonly comparison: MirrorObserver;
}

export interface LiveDeployment {
  readonly endpoint: EndpointName;
  readonly name: DeploymentName;
  /** Whether an instance takes calls now. */
  readonly isReady: boolean;
  /** From the arrival of a request to the end of its answer, queueing included. */
  readonly timeoutMs: number;
  /** Takes a place on an instance. */
  admit(): Admission;
  /** The same for a copy: never waits, and is refused wherever a live call could have to wait for it. */
  admitMirror(): Lease | null;
  /** Told of every answer; feeds metrics, rollouts and scaling. */
  ended(answer: { readonly status: number; readonly totalMs: number }): void;
}

export type Admission =
  | { readonly kind: "admitted"; readonly lease: Lease }
  /**
   * The lease rejects with a ServingError: QUEUE_FULL where it waited too long, INSTANCE_NOT_READY where the deployment
   * goes. `abandon` is for a caller that has left; a place that was given meanwhile goes back.
   */
  | { readonly kind: "waiting"; readonly lease: Promise<Lease>; abandon(): void }
  | { readonly kind: "refused"; readonly reason: Refusal; readonly retryAfterS: number };

/** `too-many-requests` is a 429; `not-ready` says that no instance is up, and a caller may wait for one. */
type Refusal = "too-many-requests" | "not-ready";

/** A place on an instance, until it is given back, once. */
export interface Lease {
  readonly backend: Backend;
  /** Those of this instance: during a rollout another one may have others. */
  readonly routes: InstanceRoutes;
  /** `unreachable` lets the instance rest for a moment, so that it does not attract the calls that it cannot take. */
  release(end?: LeaseEnd): void;
}

export type LeaseEnd = "served" | "unreachable";

export interface MirrorObserver {
  compared(pair: MirroredPair): void;
  /** A copy that was not sent, or not compared, because live traffic comes first. */
  dropped(): void;
  /** A copy that was not answered. */
  failed(): void;
}

export interface MirroredPair {
  readonly deployment: DeploymentName;
  readonly request: Uint8Array;
  readonly live: MirroredAnswer;
  readonly mirrored: MirroredAnswer;
}

export interface MirroredAnswer {
  readonly status: number;
  readonly body: Uint8Array;
  readonly totalMs: number;
}
