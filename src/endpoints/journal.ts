import type { EndpointName } from "../contracts/control/names.ts";
import { ServingError } from "../contracts/serving-error.ts";
import type { Actor } from "../core/ports/endpoint-operations.ts";
import type { EndpointRecord, Snapshot } from "./records.ts";
import { diffOf } from "./revision-diff.ts";
import type { Store } from "./store/store.ts";

export interface ChangeRequest {
  readonly endpoint: EndpointName;
  readonly actor: Actor;
  /** As `update traffic`. */
  readonly what: string;
}

/** A change that is being made. */
export interface Change {
  /** The endpoint's revision that it makes. */
  readonly revision: number;
  readonly at: string;
  /** Done once the change is durable. */
  readonly after: (effect: () => void) => void;
}

/** Makes changes durable and writes down who changed what. */
export class Journal {
  readonly #store: Store;
  readonly #timestamp: () => string;
  #current: Change | null = null;

  constructor(store: Store, timestamp: () => string) {
    this.#store = store;
    this.#timestamp = timestamp;
  }

  /**
   * Writes a change of an endpoint, all of it or nothing, as one revision. A change within a change is part of it, and
   * one that changes nothing makes no revision.
   */
  record<Result>(request: ChangeRequest, write: (change: Change) => Result): Result {
    if (this.#current !== null) return write(this.#current);
    const effects: (() => void)[] = [];
    const result = this.#store.transaction(() => this.#write(request, effects, write));
    for (const effect of effects) effect();
    return result;
  }

  snapshot(name: EndpointName): Snapshot | null {
    const endpoint = this.#store.endpoints.find(name);
    if (endpoint === undefined) return null;
    const deployments = this.#store.deployments.of(name).map(({ spec }) => [spec.name, spec] as const);
    return { endpoint: endpoint.record.spec, deployments: Object.fromEntries(deployments) };
  }

  #write<Result>(request: ChangeRequest, effects: (() => void)[], write: (change: Change) => Result): Result {
    const { endpoint } = request;
    const before = this.snapshot(endpoint);
    const change = {
      revision: this.#revisionOf(endpoint) + 1,
      at: this.#timestamp(),
      after: (effect: () => void) => effects.push(effect),
    };
    this.#current = change;
    try {
      const result = write(change);
      this.#addRevision(request, change, before);
      return result;
    } finally {
      this.#current = null;
    }
  }

  #addRevision(
    { endpoint, actor, what }: ChangeRequest,
    { revision, at }: Change,
    before: Snapshot | null,
  ): void {
    const after = this.snapshot(endpoint);
    if (after === null) return;
    const diff = [...diffOf(before, after)];
    if (diff.length === 0) return;
    const record = this.#recordOf(endpoint);
    this.#store.endpoints.update({ ...record, revision, modifiedAt: at });
    this.#store.history.addRevision(endpoint, { revision, at, who: actor.name, what, diff }, after);
  }

  #revisionOf(name: EndpointName): number {
    return this.#store.endpoints.find(name)?.record.revision ?? 0;
  }

  #recordOf(name: EndpointName): EndpointRecord {
    const found = this.#store.endpoints.find(name);
    if (found === undefined) throw new ServingError("INTERNAL", `The endpoint ${name} has no row.`);
    return found.record;
  }
}
