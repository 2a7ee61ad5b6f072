import type { InstanceLog } from "../ports/instance-launcher.ts";

/** Keeps what the instances of a deployment write. */
export interface DeploymentLog extends InstanceLog {
  /** The newest lines of the instances, oldest first; of what prepared them where there are none. */
  recent(lines: number): readonly string[];
}
