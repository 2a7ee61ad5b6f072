import type { ErrorCode } from "../../../contracts/errors.ts";
import type { ServingError } from "../../../contracts/serving-error.ts";
import type { RefusedPayload } from "../../../core/ports/payload-codec.ts";
import { encodeError, statusOf } from "../errors.ts";

/** What Multi Model Server calls an error of a status; its clients read that. */
const types: ReadonlyMap<number, string> = new Map([
  [400, "BadRequestException"],
  [404, "ModelNotFoundException"],
  [405, "MethodNotAllowedException"],
  [406, "NotAcceptableException"],
  [409, "ConflictStatusException"],
  [413, "RequestEntityTooLargeException"],
  [415, "UnsupportedMediaTypeException"],
  [503, "ServiceUnavailableException"],
  [504, "RequestTimeoutException"],
]);

/** Where SageMaker's contract knows no such status. */
const statuses: Readonly<Partial<Record<ErrorCode, number>>> = { QUEUE_FULL: 503 };

/**
 * An error in Multi Model Server's form, `{"code", "type", "message"}`, and beside it what a person or a program needs to
 * mend it: `field`, `expected`, `got`, `hint`. Of a bug nothing is shown.
 */
export function encodeRefusal(error: ServingError): RefusedPayload {
  const status = statuses[error.code] ?? statusOf[error.code];
  return { status, contentType: "application/json", body: encodeRefusalBody(status, error) };
}

function encodeRefusalBody(status: number, error: ServingError): Buffer {
  const type = types.get(status) ?? "InternalServerException";
  const { error: message, ...details } = fieldsOf(error);
  return Buffer.from(`${JSON.stringify({ ...details, code: status, type, message }, order, 2)}\n`);
}

/** The three that everybody reads come first, and the catalogue's own code not at all. */
const order = ["code", "type", "message", "field", "expected", "got", "model", "version", "hint"];

function fieldsOf(error: ServingError): Readonly<Record<string, unknown>> {
  return { ...encodeError(error) };
}
