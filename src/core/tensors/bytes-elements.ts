/** BYTES tensors in the V2 binary layout: each element is a u32 length, little endian, and that many bytes. */

/** Offsets at which the elements end; undefined where the lengths do not fit the bytes. */
export function bytesElementEnds(bytes: Uint8Array): readonly number[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ends: number[] = [];
  let offset = 0;
  while (offset < bytes.byteLength) {
    if (offset + 4 > bytes.byteLength) return undefined;
    offset += 4 + view.getUint32(offset, true);
    if (offset > bytes.byteLength) return undefined;
    ends.push(offset);
  }
  return ends;
}

/** The elements as views; undefined where the lengths do not fit the bytes. */
export function readBytesElements(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  let start = 0;
  return bytesElementEnds(bytes)?.map((end) => {
    const element = bytes.subarray(start + 4, end);
    start = end;
    return element;
  });
}

/** The binary layout of elements. */
export function writeBytesElements(elements: readonly Uint8Array[]): Uint8Array {
  const size = elements.reduce((sum, element) => sum + 4 + element.byteLength, 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const element of elements) {
    view.setUint32(offset, element.byteLength, true);
    bytes.set(element, offset + 4);
    offset += 4 + element.byteLength;
  }
  return bytes;
}
