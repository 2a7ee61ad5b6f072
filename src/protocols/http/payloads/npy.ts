import type { Datatype } from "../../../contracts/datatypes.ts";
import { ServingError } from "../../../contracts/serving-error.ts";
import { elementsOf } from "../../../core/tensors/elements.ts";
import { writeBytesElements } from "../../../core/tensors/bytes-elements.ts";
import { elementCount, itemBytes, type Tensor } from "../../../core/tensors/tensor.ts";

/** NumPy's file of one array (format 1.0 to 3.0), read strictly: nothing in it is ever evaluated, and objects are refused. */

const magic = Buffer.from("\u0093NUMPY", "latin1");
const headerPattern =
  /^\{\s*'descr':\s*'([^']*)',\s*'fortran_order':\s*(True|False),\s*'shape':\s*\(([\d,\s]*)\),?\s*\}\s*$/;
const descrPattern = /^([<>|=])([biufSU])(\d{1,9})$/;
const maxDimensions = 16;
const maxTensorBytes = 2 ** 31;

const datatypeOf: ReadonlyMap<string, Datatype> = new Map<string, Datatype>([
  ["b1", "BOOL"],
  ["u1", "UINT8"],
  ["u2", "UINT16"],
  ["u4", "UINT32"],
  ["u8", "UINT64"],
  ["i1", "INT8"],
  ["i2", "INT16"],
  ["i4", "INT32"],
  ["i8", "INT64"],
  ["f2", "FP16"],
  ["f4", "FP32"],
  ["f8", "FP64"],
]);
const descrOf: ReadonlyMap<Datatype, string> = new Map(
  [...datatypeOf].map(([descr, datatype]) => [datatype, `${descr.endsWith("1") ? "|" : "<"}${descr}`]),
);

/** Elements as the file has them. */
interface Elements {
  readonly bytes: Buffer;
  readonly itemSize: number;
  readonly shape: readonly number[];
  readonly isColumnMajor: boolean;
}

/** @throws ServingError INVALID_REQUEST */
export function readNpy(name: string, file: Buffer): Tensor {
  const { header, start } = readHeader(file);
  const match = headerPattern.exec(header);
  if (match === null) throw wrong("a header with descr, fortran_order and shape", header.slice(0, 80));
  const [, descr = "", order = "", dimensions = ""] = match;
  const items = readDescr(descr);
  const shape = readShape(dimensions);
  const { itemSize } = items;
  const bytes = body(file, { start, shape, itemSize });
  const rowMajor = inRowMajor({ bytes, itemSize, shape, isColumnMajor: order === "True" });
  return { name, ...layOut(rowMajor, items), shape };
}

/** What one element is. */
interface Items {
  /** BYTES for texts. */
  readonly datatype: Datatype;
  readonly itemSize: number;
  /** UTF-32, rather than bytes. */
  readonly isWide: boolean;
  readonly isBig: boolean;
}

function readDescr(descr: string): Items {
  const [, endian = "", kind = "", size = ""] = descrPattern.exec(descr) ?? [];
  const isBig = endian === ">";
  const isWide = kind === "U";
  const datatype = datatypeOf.get(kind + size);
  if (datatype !== undefined) return { datatype, itemSize: itemBytes(datatype), isWide, isBig };
  const isText = (isWide || kind === "S") && Number(size) > 0;
  if (!isText) throw wrong("numbers, booleans or texts, and no objects", `descr ${descr}`);
  return { datatype: "BYTES", itemSize: Number(size) * (isWide ? 4 : 1), isWide, isBig };
}

/** The elements in V2's binary layout. */
function layOut(bytes: Buffer, items: Items): Pick<Tensor, "datatype" | "data"> {
  const { datatype, itemSize, isBig } = items;
  if (datatype === "BYTES") {
    const texts = writeBytesElements(textsOf(bytes, items));
    return { datatype, data: { encoding: "binary", bytes: texts } };
  }
  return { datatype, data: { encoding: "binary", bytes: isBig ? swapped(bytes, itemSize) : bytes } };
}

function readHeader(file: Buffer): { readonly header: string; readonly start: number } {
  if (file.length < 10 || !file.subarray(0, 6).equals(magic)) {
    throw wrong("a file of NumPy's that begins with \\x93NUMPY", "other bytes");
  }
  const version = file[6];
  if (version !== 1 && version !== 2 && version !== 3) throw wrong("format 1, 2 or 3", String(version));
  const at = version === 1 ? 10 : 12;
  if (file.length < at) throw wrong("a header", "the end of the file");
  const length = version === 1 ? file.readUInt16LE(8) : file.readUInt32LE(8);
  if (at + length > file.length) throw wrong("a header", "the end of the file");
  return { header: file.toString("latin1", at, at + length), start: at + length };
}

function readShape(text: string): readonly number[] {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.at(-1) === "") parts.pop();
  const shape = parts.map((part) => (part === "" ? Number.NaN : Number(part)));
  if (shape.length > maxDimensions || !shape.every(Number.isSafeInteger)) {
    throw wrong(`a shape of at most ${String(maxDimensions)} dimensions`, `(${text})`);
  }
  return shape;
}

function body(
  file: Buffer,
  {
    start,
    shape,
    itemSize,
  }: { readonly start: number; readonly shape: readonly number[]; readonly itemSize: number },
): Buffer {
  const count = elementCount(shape);
  const expected = (count ?? Number.POSITIVE_INFINITY) * itemSize;
  const got = file.length - start;
  if (!(expected <= maxTensorBytes) || got !== expected) {
    throw wrong(`${String(expected)} bytes of elements (shape (${shape.join(", ")}))`, String(got));
  }
  return file.subarray(start);
}

function inRowMajor({ bytes, itemSize, shape, isColumnMajor }: Elements): Buffer {
  if (!isColumnMajor || shape.length < 2) return bytes;
  const turned = Buffer.alloc(bytes.length);
  const count = bytes.length / itemSize;
  const index = shape.map(() => 0);
  for (let at = 0; at < count; at += 1) {
    // `at` counts column-major: the first dimension runs fastest.
    let to = 0;
    for (const [axis, length] of shape.entries()) to = to * length + (index[axis] ?? 0);
    bytes.copy(turned, to * itemSize, at * itemSize, (at + 1) * itemSize);
    for (let axis = 0; axis < shape.length; axis += 1) {
      const next = (index[axis] ?? 0) + 1;
      const hasWrapped = next === shape[axis];
      index[axis] = hasWrapped ? 0 : next;
      if (!hasWrapped) break;
    }
  }
  return turned;
}

function swapped(bytes: Buffer, itemSize: number): Buffer {
  const copy = Buffer.from(bytes);
  if (itemSize === 2) return copy.swap16();
  if (itemSize === 4) return copy.swap32();
  return itemSize === 8 ? copy.swap64() : copy;
}

function textsOf(bytes: Buffer, { itemSize, isWide, isBig }: Items): readonly Buffer[] {
  return Array.from({ length: bytes.length / itemSize }, (_, index) => {
    const item = bytes.subarray(index * itemSize, (index + 1) * itemSize);
    if (isWide) return Buffer.from(wideText(isBig ? swapped(item, 4) : item));
    let end = item.length;
    while (end > 0 && item[end - 1] === 0) end -= 1;
    return item.subarray(0, end);
  });
}

function wideText(item: Buffer): string {
  let text = "";
  for (let at = 0; at < item.length; at += 4) {
    const point = item.readUInt32LE(at);
    if (point === 0) continue;
    if (point > 0x10ffff) throw wrong("code points of Unicode", String(point));
    text += String.fromCodePoint(point);
  }
  return text;
}

/** The file of a tensor, format 1.0, as `numpy.save` writes it. */
export function writeNpy({ datatype, shape, data }: Tensor): Buffer {
  if (data.encoding === "json") throw new ServingError("INTERNAL", "An output came as text.");
  const { descr, bytes } =
    datatype === "BYTES"
      ? wideElements(data.bytes)
      : { descr: descrOf.get(datatype) ?? "", bytes: data.bytes };
  const dimensions = shape.length === 1 ? `${String(shape[0])},` : shape.join(", ");
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dimensions}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const head = Buffer.alloc(10);
  magic.copy(head);
  head[6] = 1;
  head.writeUInt16LE(length, 8);
  return Buffer.concat([head, Buffer.from(`${text.padEnd(length - 1)}\n`, "latin1"), bytes]);
}

function wideElements(bytes: Uint8Array): { readonly descr: string; readonly bytes: Buffer } {
  const texts = elementsOf("BYTES", bytes).map((element) => Array.from(String(element)));
  const width = texts.reduce((most, { length }) => Math.max(most, length), 1);
  const wide = Buffer.alloc(texts.length * width * 4);
  for (const [row, points] of texts.entries()) {
    for (const [column, point] of points.entries()) {
      wide.writeUInt32LE(point.codePointAt(0) ?? 0, (row * width + column) * 4);
    }
  }
  return { descr: `<U${String(width)}`, bytes: wide };
}

function wrong(expected: string, got: string): ServingError {
  return ServingError.invalidField("body", expected, got);
}
