import type { ScaleSettings } from "../../contracts/control/deployment.ts";
import type { Clock, Timer } from "../ports/clock.ts";

export type UtilizationSettings = Extract<ScaleSettings, { type: "target_utilization" }>;

/** How busy a deployment is, at one moment. */
export interface Load {
  /** Calls under way and waiting. */
  readonly calls: number;
  readonly instances: number;
  /** Calls that one instance works on at once. */
  readonly callsPerInstance: number;
}

export interface AutoscalerOptions {
  readonly clock: Clock;
  readonly settings: UtilizationSettings;
  readonly load: () => Load;
  readonly resize: (instances: number) => void;
}

/** Instances go only after they have not been needed for so long: a lull is no reason to stop what took time to start. */
const lullMs = 60_000;

/** Asks for as many instances as keep the utilization at its target, within the limits. */
export class Autoscaler {
  readonly #options: AutoscalerOptions;
  /** Numbers that were needed lately, and when. */
  #needs: { readonly at: number; readonly instances: number }[] = [];
  #timer: Timer | null = null;

  constructor(options: AutoscalerOptions) {
    this.#options = options;
    this.#wait();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #wait(): void {
    const { clock, settings } = this.#options;
    this.#timer = clock.schedule(settings.polling_interval * 1000, () => {
      this.#poll();
      this.#wait();
    });
  }

  #poll(): void {
    const { clock, settings, load, resize } = this.#options;
    const now = clock.now();
    const { instances, ...busy } = load();
    const needed = neededInstances(settings, busy);
    this.#needs = this.#needs.filter(({ at }) => at > now - lullMs);
    this.#needs.push({ at: now, instances: needed });
    const most = Math.max(...this.#needs.map((need) => need.instances));
    const isLull = most < instances && this.#isOld(now);
    if (needed > instances || isLull) resize(isLull ? most : needed);
  }

  /** Whether it has watched for long enough to call something a lull. */
  #isOld(now: number): boolean {
    const first = this.#needs[0];
    return (
      first !== undefined && now - first.at > lullMs - 2 * this.#options.settings.polling_interval * 1000
    );
  }
}

/** Instances that these calls need for the target utilization, within the limits. */
export function neededInstances(
  { min_instances, max_instances, target_utilization_percentage }: UtilizationSettings,
  { calls, callsPerInstance }: Pick<Load, "calls" | "callsPerInstance">,
): number {
  const needed = Math.ceil((calls * 100) / (callsPerInstance * target_utilization_percentage));
  return Math.min(Math.max(needed, min_instances), Math.max(min_instances, max_instances));
}
