import type { FastifyInstance } from "fastify";

/** A reply that is being written gets this long to leave after the listener has closed. */
const flushTimeoutMs = 1_000;

/** Stops listening, lets replies that are on their way leave, and closes what is left. */
export async function closeApp(app: FastifyInstance): Promise<void> {
  const closed = app.close();
  app.server.closeIdleConnections();
  const timer = setTimeout(() => {
    app.server.closeAllConnections();
  }, flushTimeoutMs);
  await closed;
  clearTimeout(timer);
}

/** Resolves when the work is done or the time is over; says which. */
export async function within(work: Promise<unknown>, timeoutMs: number): Promise<"done" | "late"> {
  const { promise, resolve } = Promise.withResolvers<"late">();
  const timer = setTimeout(() => {
    resolve("late");
  }, timeoutMs);
  try {
    return await Promise.race([work.then(() => "done" as const), promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Ends one part after the other. One that cannot be ended keeps none from its turn; the first such error comes last. */
export async function inTurn(...ends: readonly (() => Promise<unknown>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const end of ends) {
    try {
      await end();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
