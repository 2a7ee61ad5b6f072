import type { Datatype } from "../../contracts/datatypes.ts";
import { readBytesElements } from "./bytes-elements.ts";
import { fromFloat16Bits } from "./float16.ts";
import type { Tensor } from "./tensor.ts";

/** Reads one element at a byte offset as JSON text. */
type ElementWriter = (view: DataView, offset: number) => string;

const elementWriters: Readonly<
  Record<Exclude<Datatype, "BYTES">, { readonly step: number; readonly write: ElementWriter }>
> = {
  BOOL: { step: 1, write: (view, offset) => (view.getUint8(offset) === 0 ? "false" : "true") },
  UINT8: { step: 1, write: (view, offset) => String(view.getUint8(offset)) },
  UINT16: { step: 2, write: (view, offset) => String(view.getUint16(offset, true)) },
  UINT32: { step: 4, write: (view, offset) => String(view.getUint32(offset, true)) },
  UINT64: { step: 8, write: (view, offset) => String(view.getBigUint64(offset, true)) },
  INT8: { step: 1, write: (view, offset) => String(view.getInt8(offset)) },
  INT16: { step: 2, write: (view, offset) => String(view.getInt16(offset, true)) },
  INT32: { step: 4, write: (view, offset) => String(view.getInt32(offset, true)) },
  INT64: { step: 8, write: (view, offset) => String(view.getBigInt64(offset, true)) },
  FP16: { step: 2, write: (view, offset) => floatText(fromFloat16Bits(view.getUint16(offset, true))) },
  FP32: { step: 4, write: (view, offset) => floatText(view.getFloat32(offset, true)) },
  FP64: { step: 8, write: (view, offset) => floatText(view.getFloat64(offset, true)) },
};

/** The flat JSON array of a tensor's elements, as MLServer prints them; a tensor that is still text passes through. */
export function jsonDataOf({ datatype, data }: Tensor): string {
  if (data.encoding === "json") return new TextDecoder().decode(data.text);
  if (datatype === "BYTES") return jsonStrings(data.bytes);
  const { bytes } = data;
  const { step, write } = elementWriters[datatype];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = "[";
  for (let offset = 0; offset < bytes.byteLength; offset += step) {
    text += offset === 0 ? write(view, offset) : `,${write(view, offset)}`;
  }
  return `${text}]`;
}

function jsonStrings(bytes: Uint8Array): string {
  // It would swallow a byte order mark, which is part of the text here.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const elements = readBytesElements(bytes) ?? [];
  return `[${elements.map((element) => JSON.stringify(decoder.decode(element))).join(",")}]`;
}

/**
 * A float as MLServer's JSON library prints it: shortest digits of the *double*, `.0` on whole numbers, an exponent
 * below 1e-5 and from 1e16. JSON has no NaN and no infinities: null.
 */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return "null";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-5 || size >= 1e16)) return value.toExponential();
  if (!Number.isInteger(value)) return String(value);
  return Object.is(value, -0) ? "-0.0" : `${String(value)}.0`;
}
