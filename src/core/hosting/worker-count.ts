import { ServingError } from "../../contracts/serving-error.ts";

/** A process each: with more no machine would do anything else. */
const mostWorkers = 1000;

/** @throws ServingError INVALID_REQUEST for more workers than there can be */
export function checkWorkers(field: string, count: number): number {
  if (count <= mostWorkers) return count;
  throw ServingError.invalidField(field, `at most ${String(mostWorkers)}`, String(count));
}
