/** IEEE 754 half precision, for runtimes without Float16Array. */

const scratch = new DataView(new ArrayBuffer(8));

/** The nearest half to a number, ties to even, as its 16 bits. */
export function toFloat16Bits(value: number): number {
  scratch.setFloat64(0, value);
  const high = scratch.getUint32(0);
  const sign = (high >>> 16) & 0x8000;
  const exponent = (high >>> 20) & 0x7ff;
  // The upper 20 bits and one that says whether any below is set: all that rounding asks for.
  const mantissa = ((high & 0xfffff) << 1) | (scratch.getUint32(4) === 0 ? 0 : 1);
  if (exponent === 0x7ff) return sign | 0x7c00 | (mantissa === 0 ? 0 : 0x200);
  const unbiased = exponent - 1023;
  if (unbiased > 15) return sign | 0x7c00;
  if (unbiased >= -14) return sign | roundHalfEven(((unbiased + 15) << 21) | mantissa, 11);
  if (unbiased < -25) return sign;
  return sign | roundHalfEven(mantissa | 0x200000, -unbiased - 3);
}

/** Shifts right, rounding to the nearest and ties to even; a carry runs into the exponent, as it should. */
function roundHalfEven(bits: number, shift: number): number {
  const kept = bits >>> shift;
  const rest = bits & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}

export function fromFloat16Bits(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >>> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0x1f) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}
