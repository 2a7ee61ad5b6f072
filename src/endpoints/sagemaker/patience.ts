import type { ServingError } from "../../contracts/serving-error.ts";
import type { Clock } from "../../core/ports/clock.ts";

/** Waits for a promise no longer than that; rejects with `late` afterwards, and whatever it was goes on. */
export function patiently<Result>(
  promise: Promise<Result>,
  { clock, ms, late }: { readonly clock: Clock; readonly ms: number; readonly late: () => ServingError },
): Promise<Result> {
  const { promise: inTime, resolve, reject } = Promise.withResolvers<Result>();
  const timer = clock.schedule(ms, () => {
    reject(late());
  });
  promise.then(resolve, reject);
  return inTime.finally(() => {
    timer.cancel();
  });
}
