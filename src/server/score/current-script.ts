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
  readonly #leaving = new Set<Promise<void>>();
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

  async stop(graceMs: number): Promise<void> {
    await Promise.all([this.#instance?.stop(graceMs), ...this.#leaving]);
  }

  get #running(): ScoringInstance {
    if (this.#instance === null)
      throw new ServingError("INSTANCE_NOT_READY", "No script has been started yet.");
    return this.#instance;
  }

  #leave(former: ScoringInstance): void {
    const left = former.stop(drainMs).finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
  }
}
