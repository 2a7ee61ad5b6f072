import type { Logger } from "../../core/ports/logger.ts";

/** Does work that nobody waits for, as from a timer: what goes wrong is logged, and must not end the process. */
export function logged(logger: Logger, what: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    logger.error(what, { error });
  }
}
