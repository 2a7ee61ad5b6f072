import { ServingError } from "../../contracts/serving-error.ts";
import type { ContainerHost, ModelFinder } from "./context.ts";
import { register } from "./models.ts";

/**
 * Models that nobody loads: the SDK's local mode has no platform beside the container and only says with each call which
 * model it is for. They are loaded by their first call, and the least recently used goes where memory does not suffice.
 */
export class TargetModels {
  readonly #host: ContainerHost;
  readonly #finder: ModelFinder;
  readonly #loading = new Map<string, Promise<void>>();
  /** Those that came here, the least recently used first. */
  readonly #used = new Set<string>();

  constructor(host: ContainerHost, finder: ModelFinder) {
    this.#host = host;
    this.#finder = finder;
  }

  /** Resolves when it is loaded; one load, however many ask. */
  async ready(target: string): Promise<void> {
    this.#used.delete(target);
    if (!this.#host.has(target) || this.#loading.has(target)) await this.#load(target);
    this.#used.add(target);
  }

  #load(target: string): Promise<void> {
    const known = this.#loading.get(target);
    if (known !== undefined) return known;
    const loading = this.#loadWithRoom(target).finally(() => this.#loading.delete(target));
    this.#loading.set(target, loading);
    return loading;
  }

  async #loadWithRoom(target: string): Promise<void> {
    for (;;) {
      try {
        await register(this.#host, this.#finder, { name: target, url: target });
        return;
      } catch (caught) {
        const error = ServingError.from(caught);
        // Somebody else has loaded it through the other door.
        if (error.code === "ALREADY_EXISTS") return;
        if (error.code !== "OUT_OF_MEMORY" || !(await this.#evictOne())) throw error;
      }
    }
  }

  async #evictOne(): Promise<boolean> {
    const [oldest] = this.#used;
    if (oldest === undefined) return false;
    this.#used.delete(oldest);
    try {
      await this.#host.unregister(oldest);
    } catch (error) {
      // It has been unloaded already, which is as good.
      if (ServingError.from(error).code !== "MODEL_NOT_FOUND") throw error;
    }
    return true;
  }
}
