import type { AssetKind, AssetPatch, Assets } from "../contracts/control/assets.ts";
import type { DeploymentSpec } from "../contracts/control/deployment.ts";
import type { EndpointSpec, ProvisioningState } from "../contracts/control/endpoint.ts";
import type { DeploymentName, EndpointName } from "../contracts/control/names.ts";
import type { Rollout } from "../contracts/control/rollout.ts";

/** What is kept: what somebody asked for, and what became of it. Nothing that runs is among it. */

export interface EndpointRecord {
  readonly spec: EndpointSpec;
  readonly revision: number;
  readonly createdAt: string;
  readonly modifiedAt: string;
}

export interface DeploymentRecord {
  readonly spec: DeploymentSpec;
  /** The newest spec that was ready: it serves where `spec` is not ready yet, or failed. */
  readonly serving: DeploymentSpec | null;
  readonly state: ProvisioningState;
  readonly reason: string | null;
  /** The endpoint's revision that changed it last. */
  readonly revision: number;
  readonly createdAt: string;
  readonly modifiedAt: string;
}

/** Secrets of an endpoint, as text: they have to be shown again. */
export interface EndpointSecrets {
  readonly primary: string;
  readonly secondary: string;
  /** Signs its tokens. */
  readonly signing: string;
}

export interface RolloutRecord {
  readonly id: number;
  readonly endpoint: EndpointName;
  readonly rollout: Rollout;
}

/** An endpoint with its deployments, as it was after a change: what an undo goes back to. */
export interface Snapshot {
  readonly endpoint: EndpointSpec;
  readonly deployments: Readonly<Record<string, DeploymentSpec>>;
}

/** A registered asset, and the digest of its content. */
export interface AssetRecord<K extends AssetKind> {
  readonly asset: Assets[K];
  readonly digest: string;
}

/** Where assets are kept; all of it durable when a call returns. */
export interface AssetRecords {
  find<K extends AssetKind>(kind: K, name: string, version: string): AssetRecord<K> | undefined;
  /** Newest first, archived ones too. */
  versions<K extends AssetKind>(kind: K, name: string): readonly AssetRecord<K>[];
  /** All, newest first. */
  all<K extends AssetKind>(kind: K): readonly AssetRecord<K>[];
  insert<K extends AssetKind>(kind: K, record: AssetRecord<K>): void;
  patch(kind: AssetKind, target: AssetTarget, patch: AssetPatch, modifiedAt: string): void;
  delete(kind: AssetKind, target: AssetTarget): void;
}

export interface AssetTarget {
  readonly name: string;
  readonly version: string;
}

/** Where rollouts are kept. */
export interface RolloutRecords {
  insert(endpoint: EndpointName, rollout: Rollout): RolloutRecord;
  update(record: RolloutRecord): void;
  newest(endpoint: EndpointName): RolloutRecord | undefined;
  running(): readonly RolloutRecord[];
}

/** A deployment's address. */
export interface DeploymentKey {
  readonly endpoint: EndpointName;
  readonly name: DeploymentName;
}
