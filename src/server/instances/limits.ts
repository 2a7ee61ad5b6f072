import type { LaunchOrder } from "../../core/ports/instance-launcher.ts";
import { parseQuantity } from "../../engines/shared/quantities.ts";

export interface InstanceLimits {
  readonly memoryBytes: number | null;
  /** Cores. */
  readonly cpus: number | null;
}

/** `resources.limits`, as numbers. */
export function limitsOf({ spec }: LaunchOrder): InstanceLimits {
  const { memory, cpu } = spec.resources?.limits ?? {};
  return {
    memoryBytes: memory === undefined ? null : parseQuantity(memory, "resources.limits.memory"),
    cpus: cpu === undefined ? null : parseQuantity(cpu, "resources.limits.cpu"),
  };
}
