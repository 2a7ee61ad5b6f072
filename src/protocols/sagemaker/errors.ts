import type { ErrorCode } from "../../contracts/errors.ts";
import { ServingError } from "../../contracts/serving-error.ts";

/**
 * Errors as callers of this contract know them: SageMaker and its test suites read the messages of Multi Model Server.
 * What it has no message for stays what it is.
 */
export function inContractWords(error: ServingError, model: string): ServingError {
  const message = messages[error.code]?.(model);
  if (message === undefined || message === error.message) return error;
  return new ServingError(error.code, message, error.details, { cause: error });
}

const messages: Readonly<Partial<Record<ErrorCode, (model: string) => string>>> = {
  ALREADY_EXISTS: (model) => `Model ${model} is already registered.`,
  QUEUE_FULL: noWorker,
  MODEL_NOT_READY: noWorker,
};

function noWorker(model: string): string {
  return `No worker is available to serve request for model: ${model}. Consider increasing job queue size.`;
}

export function modelNotFound(model: string): ServingError {
  return new ServingError("MODEL_NOT_FOUND", `Model not found: ${model}`, { model });
}

export function callerLeft(): ServingError {
  return new ServingError("CANCELLED", "The caller went away.");
}
