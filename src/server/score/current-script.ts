import { ServingError } from "../../contracts/serving-error.ts";
import type {
  ScoringCall,
  ScoringRun,
  ScoringRunner,
  ScoringScript,
} from "../../core/ports/scoring-runner.ts";
import type { ScoringInstance } from "../../runtimes/python/scoring.ts";

/** What a call that is under way gets to end in when its script is replaced. */
const drainMs = 60_000;

/** The script that is served, which another may take the place of while calls are under way. */
export class CurrentScript implements ScoringRunner {
  readonly #start: () => Promise<ScoringInstance>;
  readonly #ready = Promise.withResolvers<undefined>();
  /** Replaced, with calls still under way. */
  readonly #leaving = new Set<ScoringInstance>();
  #instance: ScoringInstance | null = null;

  /** @param start starts an instance of what is on disk now */
  constructor(start: () => Promise<ScoringInstance>) {
    this.#start = start;
  }

  /** Resolves when there is a script. */
  get ready(): Promise<undefined> {
    return this.#ready.promise;
  }

  /** Rejects, and keeps what it has, when the script on disk cannot be started. */
  async replace(): Promise<ScoringInstance> {
    const next = await this.#start();
    const former = this.#instance;
    this.#instance = next;
    this.#ready.resolve(undefined);
    if (former !== null) this.#leave(former);
    return next;
  }

  isCurrent(instance: ScoringInstance): boolean {
    return this.#instance === instance;
  }

  get script(): ScoringScript {
    return this.#running.script;
  }

  score(call: ScoringCall): ScoringRun {
    return this.#running.score(call);
  }

  /** Ends what is served and what has been replaced; a second call with less time counts. */
  async stop(graceMs: number): Promise<void> {
    const all = [...this.#leaving, ...(this.#instance === null ? [] : [this.#instance])];
    await Promise.all(all.map((instance) => instance.stop(graceMs)));
  }

  get #running(): ScoringInstance {
    if (this.#instance === null)
      throw new ServingError("INSTANCE_NOT_READY", "No script has been started yet.");
    return this.#instance;
  }

  #leave(former: ScoringInstance): void {
    this.#leaving.add(former);
    void former.stop(drainMs).finally(() => this.#leaving.delete(former));
  }
}
