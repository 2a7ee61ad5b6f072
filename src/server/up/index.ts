import { UpComposition } from "./up-composition.ts";
import type { RunningUp, UpRequest } from "./up-request.ts";

export type { RunningUp, UpRequest } from "./up-request.ts";

/** Restores the state, listens, and begins to start instances. Rejects, with nothing left running, when it cannot. */
export async function startUp(request: UpRequest): Promise<RunningUp> {
  const composition = await UpComposition.open(request);
  try {
    return await composition.start();
  } catch (error) {
    await composition.stop({ force: true });
    throw error;
  }
}
