import { Busboy, type BusboyInstance } from "@fastify/busboy";
import { ServingError } from "../../contracts/serving-error.ts";
import type { HandlerInput } from "../../core/ports/handler-launcher.ts";

/**
 * The parts of a multipart body, in their order: fields as UTF-8 without a type, files as they came.
 *
 * @throws ServingError INVALID_REQUEST for a body that is not one
 */
export function partsOf(contentType: string, body: Uint8Array): Promise<readonly HandlerInput[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly HandlerInput[]>();
  const refuse = (error: unknown): void => {
    reject(notMultipart(ServingError.from(error).message));
  };
  try {
    const parser = parserOf(contentType, body.byteLength, { done: resolve, refuse });
    parser.on("error", refuse);
    parser.end(body);
  } catch (error) {
    refuse(error);
  }
  return promise;
}

interface Parsing {
  readonly done: (inputs: readonly HandlerInput[]) => void;
  readonly refuse: (error: unknown) => void;
}

function parserOf(contentType: string, size: number, { done, refuse }: Parsing): BusboyInstance {
  const parts: HandlerInput[] = [];
  // The body is here, and was not too large: so is none of its parts.
  const limits = { fieldSize: size, fileSize: size, fieldNameSize: size };
  const parser = new Busboy({ headers: { "content-type": contentType }, limits });
  parser.on("field", (name, value) => {
    parts.push({ name, contentType: "", bytes: Buffer.from(value) });
  });
  parser.on("file", (...[name, stream, , , type]) => {
    const index = parts.push({ name, contentType: type, bytes: new Uint8Array() }) - 1;
    const pieces: Buffer[] = [];
    stream.on("data", (piece: Buffer) => {
      pieces.push(piece);
    });
    // A body that ends within a file fails that stream, too: nobody's error there would end the server.
    stream.on("error", refuse);
    stream.on("end", () => {
      parts[index] = { name, contentType: type, bytes: Buffer.concat(pieces) };
    });
  });
  parser.on("finish", () => {
    done(parts);
  });
  return parser;
}

function notMultipart(reason: string): ServingError {
  return new ServingError("INVALID_REQUEST", `body: expected multipart/form-data: ${reason}`, {
    field: "body",
    expected: "multipart/form-data",
  });
}
