import type { EndpointConfig } from "../contracts/sagemaker/endpoint-config.ts";
import type { EndpointPlan, HostedEndpointState } from "../contracts/sagemaker/endpoint.ts";
import type { HostedModel, Tag } from "../contracts/sagemaker/model.ts";
import type { Dated } from "../core/ports/sagemaker-catalogue.ts";

/** What is kept for SageMaker's control plane; all of it durable when a call returns. Nothing that runs is among it. */

export interface SagemakerStore {
  readonly sagemaker: SagemakerRecords;
  /** All of it or nothing. */
  transaction<Result>(work: () => Result): Result;
}

export interface SagemakerRecords {
  readonly models: DocumentRecords<HostedModel>;
  readonly configs: DocumentRecords<EndpointConfig>;
  readonly endpoints: HostedEndpointRecords;
  readonly tags: TagRecords;
  readonly asyncCalls: AsyncCallRecords;
}

/** Documents by name. */
export interface DocumentRecords<Document> {
  all(): readonly Dated<Document>[];
  find(name: string): Dated<Document> | undefined;
  insert(name: string, document: Dated<Document>): void;
  delete(name: string): void;
}

export interface HostedEndpointRecord {
  readonly name: string;
  readonly wanted: EndpointPlan;
  /** The newest plan that was in service: it serves where `wanted` does not yet, or failed. */
  readonly serving: EndpointPlan | null;
  readonly state: HostedEndpointState;
  readonly reason: string | null;
  /** Milliseconds of the epoch. */
  readonly createdAt: number;
  readonly modifiedAt: number;
}

export interface HostedEndpointRecords {
  all(): readonly HostedEndpointRecord[];
  has(name: string): boolean;
  find(name: string): HostedEndpointRecord | undefined;
  insert(record: HostedEndpointRecord): void;
  update(record: HostedEndpointRecord): void;
  /** With its asynchronous calls. */
  delete(name: string): void;
}

/** Tags by the resource that carries them, as `model/NAME`. */
export interface TagRecords {
  of(resource: string): readonly Tag[];
  /** Replaces those of the same keys. */
  put(resource: string, tags: readonly Tag[]): void;
  delete(resource: string, keys: readonly string[]): void;
  deleteAll(resource: string): void;
}

/** What is kept of an asynchronous call besides its body. */
interface AsyncCall {
  /** Name and value in turn. */
  readonly headers: readonly string[];
  /** Where the body lies; null where it came with the call. */
  readonly inputUrl: string | null;
  readonly inferenceId: string;
  readonly outputUrl: string;
  readonly failureUrl: string | null;
  readonly ttlMs: number;
  readonly timeoutMs: number;
}

export interface AsyncCallRecord {
  readonly number: number;
  readonly endpoint: string;
  readonly call: AsyncCall;
  readonly body: Uint8Array | null;
  /** Milliseconds of the epoch. */
  readonly receivedAt: number;
}

/** Calls that were accepted and are not answered yet. */
export interface AsyncCallRecords {
  /** Oldest first. */
  of(endpoint: string): readonly AsyncCallRecord[];
  insert(record: Omit<AsyncCallRecord, "number">): AsyncCallRecord;
  delete(number: number): void;
}
