import type { Datatype } from "../../contracts/datatypes.ts";
import { readBytesElements } from "./bytes-elements.ts";
import { fromFloat16Bits } from "./float16.ts";

export type Element = number | bigint | boolean | string;

type ElementReader = (view: DataView, offset: number) => Element;

const readers: Readonly<
  Record<Exclude<Datatype, "BYTES">, { readonly step: number; readonly read: ElementReader }>
> = {
  BOOL: { step: 1, read: (view, offset) => view.getUint8(offset) !== 0 },
  UINT8: { step: 1, read: (view, offset) => view.getUint8(offset) },
  UINT16: { step: 2, read: (view, offset) => view.getUint16(offset, true) },
  UINT32: { step: 4, read: (view, offset) => view.getUint32(offset, true) },
  UINT64: { step: 8, read: (view, offset) => view.getBigUint64(offset, true) },
  INT8: { step: 1, read: (view, offset) => view.getInt8(offset) },
  INT16: { step: 2, read: (view, offset) => view.getInt16(offset, true) },
  INT32: { step: 4, read: (view, offset) => view.getInt32(offset, true) },
  INT64: { step: 8, read: (view, offset) => view.getBigInt64(offset, true) },
  FP16: { step: 2, read: (view, offset) => fromFloat16Bits(view.getUint16(offset, true)) },
  FP32: { step: 4, read: (view, offset) => view.getFloat32(offset, true) },
  FP64: { step: 8, read: (view, offset) => view.getFloat64(offset, true) },
};

/** The elements of the V2 binary layout, in row-major order; BYTES as the UTF-8 texts that they should be. */
export function elementsOf(datatype: Datatype, bytes: Uint8Array): readonly Element[] {
  if (datatype === "BYTES") {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    return (readBytesElements(bytes) ?? []).map((element) => decoder.decode(element));
  }
  const { step, read } = readers[datatype];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: Element[] = [];
  for (let offset = 0; offset + step <= bytes.byteLength; offset += step) elements.push(read(view, offset));
  return elements;
}
