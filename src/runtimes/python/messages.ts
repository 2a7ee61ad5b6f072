import { isDatatype } from "../../contracts/datatypes.ts";
import type { ErrorCode } from "../../contracts/errors.ts";
import { type ErrorDetails, ServingError } from "../../contracts/serving-error.ts";
import type { ModelDescription } from "../../core/models/model-description.ts";
import type { ScoringAnswer, ScoringScript } from "../../core/ports/scoring-runner.ts";
import { elementCount, itemBytes, type Tensor, type TensorSignature } from "../../core/tensors/tensor.ts";
import { FrameError } from "./frames.ts";

/**
 * What the frames' headers mean. A worker is our own code, but it runs models that are not: every field is checked, and
 * a missing one ends the connection.
 */

type Fields = Readonly<Record<string, unknown>>;

export interface Hello {
  readonly protocol: number;
  readonly role: string;
  readonly token: string;
  readonly pid: number;
  readonly python: string | null;
  readonly frameworks: Readonly<Record<string, string>>;
}

export interface LoadedModule {
  readonly description: ModelDescription;
  /** Modules that the load had to import. */
  readonly modules: readonly string[];
}

export interface ImportReport {
  readonly imported: readonly string[];
  readonly failed: Readonly<Record<string, string>>;
  readonly importMs: number;
}

export interface LoadedScript {
  readonly script: ScoringScript;
  /** Modules that the script had to import. */
  readonly modules: readonly string[];
}

export interface AnswerHead {
  readonly answer: Omit<ScoringAnswer, "body">;
  /** The process answers no further calls. */
  readonly isLeaving: boolean;
}

export function readHello(header: unknown): Hello {
  const fields = readObject(header, "hello");
  const python = fields["python"];
  return {
    protocol: readNumber(fields, "protocol"),
    role: readString(fields, "role"),
    token: readString(fields, "token"),
    pid: readNumber(fields, "pid"),
    python: typeof python === "string" ? python : null,
    frameworks: readStrings(fields["frameworks"] ?? {}, "frameworks"),
  };
}

export function readLoaded(result: unknown): LoadedModule {
  const fields = readObject(result, "result");
  const framework = readObject(fields["framework"], "framework");
  const memory = readObject(fields["memory"], "memory");
  const inputs = fields["inputs"];
  return {
    description: {
      framework: `${readString(framework, "name")} ${readString(framework, "version")}`,
      modelClass: readString(fields, "model_class"),
      inputs: inputs === null ? null : readArray(inputs, "inputs").map(readSignature),
      outputs: readStringArray(fields["outputs"], "outputs"),
      defaultOutput: readString(fields, "default_output"),
      rowWise: fields["row_wise"] === true,
      memoryBytes: Math.max(0, readNumber(memory, "after_bytes") - readNumber(memory, "before_bytes")),
      loadMs: readNumber(fields, "load_ms"),
    },
    modules: readStringArray(fields["modules"] ?? [], "modules"),
  };
}

export function readImportReport(result: unknown): ImportReport {
  const fields = readObject(result, "result");
  return {
    imported: readStringArray(fields["imported"], "imported"),
    failed: readStrings(fields["failed"] ?? {}, "failed"),
    importMs: readNumber(fields, "import_ms"),
  };
}

/** The tensors of a CHUNK, as views into its payload. */
export function readTensors(header: unknown, payload: Buffer): readonly Tensor[] {
  let offset = 0;
  const tensors = readArray(readObject(header, "header")["parts"], "parts").map((part): Tensor => {
    const fields = readObject(part, "part");
    const start = offset;
    offset += readSize(fields, "bytes");
    if (fields["type"] !== "tensor" || fields["encoding"] !== "binary") {
      throw new FrameError("A chunk's part is not a binary tensor.");
    }
    const signature = readSignature(fields);
    const size = itemBytes(signature.datatype);
    if (size > 0 && elementCount(signature.shape) !== (offset - start) / size) {
      throw new FrameError("A chunk's part has other bytes than its shape says.");
    }
    const parameters = fields["parameters"];
    return {
      ...signature,
      data: { encoding: "binary", bytes: payload.subarray(start, offset) },
      ...(isParameters(parameters) ? { parameters } : {}),
    };
  });
  if (offset !== payload.byteLength) throw new FrameError("A chunk's parts are not its payload.");
  return tensors;
}

/** Compute time of a CHUNK in milliseconds, where the worker says it. */
export function readComputeMs(header: unknown): number | null {
  const timing = readObject(header, "header")["timing_us"];
  if (timing === undefined || timing === null) return null;
  const fields = readObject(timing, "timing_us");
  return (readNumber(fields, "decode") + readNumber(fields, "compute")) / 1000;
}

const errorCodes: ReadonlyMap<string, ErrorCode> = new Map([
  ["INVALID_INPUT", "INVALID_INPUT"],
  ["UNSUPPORTED_OUTPUT", "UNSUPPORTED_OUTPUT"],
  ["MODEL_ERROR", "MODEL_ERROR"],
  ["OUT_OF_MEMORY", "OUT_OF_MEMORY"],
  ["LOAD_FAILED", "MODEL_LOAD_FAILED"],
  ["FRAMEWORK_MISSING", "ENVIRONMENT_UNUSABLE"],
  ["UNKNOWN_MODEL", "INTERNAL"],
]);

/** The error of an END; undefined when it carries none. */
export function readError(header: unknown): ServingError | undefined {
  const error = readObject(header, "header")["error"];
  if (error === undefined || error === null) return undefined;
  const fields = readObject(error, "error");
  const code = errorCodes.get(readString(fields, "code")) ?? "INTERNAL";
  return new ServingError(code, readString(fields, "message"), readDetails(fields));
}

function readDetails(fields: Fields): ErrorDetails {
  const { field, expected, got, hint, where } = fields;
  return {
    ...(typeof field === "string" ? { field } : {}),
    ...(typeof expected === "string" ? { expected } : {}),
    ...(typeof got === "string" ? { got } : {}),
    ...(typeof hint === "string" ? { hint } : {}),
    ...(typeof where === "string" ? { where } : {}),
  };
}

function readSignature(value: unknown): TensorSignature {
  const fields = readObject(value, "tensor");
  const datatype = fields["datatype"];
  if (!isDatatype(datatype)) throw new FrameError("A frame's tensor has an unknown datatype.");
  const shape = readArray(fields["shape"], "shape").map((dimension) => {
    if (typeof dimension === "number" && Number.isSafeInteger(dimension)) return dimension;
    throw new FrameError("A shape in a frame has something but integers.");
  });
  return { name: readString(fields, "name"), datatype, shape };
}

/** What a scoring script turned out to be; its documents have come before. */
export function readScript(result: unknown, documents: ReadonlyMap<string, string>): LoadedScript {
  const fields = readObject(result, "result");
  const input = fields["input"];
  if (input !== "text" && input !== "schema" && input !== "raw") {
    throw new FrameError("A script's input is of no known kind.");
  }
  return {
    script: {
      input,
      takesHeaders: fields["takes_headers"] === true,
      corsOrigins: readStringArray(fields["cors_origins"], "cors_origins"),
      documents,
      timeoutMs: readNumber(fields, "timeout_ms"),
    },
    modules: readStringArray(fields["modules"] ?? [], "modules"),
  };
}

/** The head of an answer to a call of `score`; undefined on the chunks of a stream that follow it. */
export function readAnswerHead(header: unknown): AnswerHead | undefined {
  const fields = readObject(header, "header");
  if (fields["response"] === undefined) return undefined;
  const response = readObject(fields["response"], "response");
  const [part] = readArray(fields["parts"], "parts");
  const contentType = readString(readObject(part, "part"), "content_type");
  const headers = readArray(response["headers"], "headers").flatMap((pair) =>
    readStringArray(pair, "header"),
  );
  const { failed, run_ms: runMs } = response;
  const answer = {
    status: readNumber(response, "status"),
    headers: contentType === "" ? headers : ["content-type", contentType, ...headers],
    hasFailed: typeof failed === "boolean" ? failed : null,
    runMs: typeof runMs === "number" ? runMs : null,
  };
  return { answer, isLeaving: response["leaving"] === true };
}

export function readObject(value: unknown, what: string): Fields {
  if (!isObject(value)) throw new FrameError(`A frame's ${what} is not an object.`);
  return value;
}

export function readNumber(fields: Fields, key: string): number {
  const value = fields[key];
  if (typeof value !== "number") throw new FrameError(`A frame lacks the number "${key}".`);
  return value;
}

export function readSize(fields: Fields, key: string): number {
  const value = readNumber(fields, key);
  if (!Number.isSafeInteger(value) || value < 0) throw new FrameError(`A frame's "${key}" is no size.`);
  return value;
}

export function readString(fields: Fields, key: string): string {
  const value = fields[key];
  if (typeof value !== "string") throw new FrameError(`A frame lacks the string "${key}".`);
  return value;
}

export function readArray(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new FrameError(`A frame's ${what} is not a list.`);
  return value;
}

export function readStringArray(value: unknown, what: string): readonly string[] {
  return readArray(value, what).map((element) => {
    if (typeof element !== "string") throw new FrameError(`A frame's ${what} has something but strings.`);
    return element;
  });
}

function readStrings(value: unknown, what: string): Readonly<Record<string, string>> {
  const entries = Object.entries(readObject(value, what)).map(([key, text]) => {
    if (typeof text !== "string") throw new FrameError(`A frame's ${what} has something but strings.`);
    return [key, text] as const;
  });
  return Object.fromEntries(entries);
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isParameters(value: unknown): value is NonNullable<Tensor["parameters"]> {
  return isObject(value);
}
