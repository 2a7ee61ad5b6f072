import { ServingError } from "../../contracts/serving-error.ts";

/** Why a call to a hosted model is not answered. */

export function noSuchModel(model: string): ServingError {
  return new ServingError("MODEL_NOT_FOUND", `Model not found: ${model}`, { model });
}

export function noWorker(model: string): ServingError {
  return new ServingError("MODEL_NOT_READY", `No worker of model ${model} is running.`, {
    model,
    hint: "Scale it up, or look into the log for why its workers do not start.",
  });
}

export function queueFull(model: string): ServingError {
  return new ServingError("QUEUE_FULL", `Too many calls wait for model ${model}.`, {
    model,
    retryAfterS: 1,
    hint: "Add workers, or let more calls wait: job_queue_size.",
  });
}

export function waitedTooLong(model: string): ServingError {
  return new ServingError("DEADLINE_EXCEEDED", `The call waited too long for a worker of model ${model}.`, {
    model,
    retryAfterS: 1,
    hint: "Add workers, or give calls more time: response_timeout.",
  });
}

export function shuttingDown(): ServingError {
  return new ServingError("SHUTTING_DOWN", "The server is stopping.");
}

export function unloadedEarly(model: string): ServingError {
  return new ServingError("MODEL_LOAD_FAILED", `Model ${model} was unloaded before it was ready.`, { model });
}
