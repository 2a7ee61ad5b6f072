/** The tensor datatypes of the Open Inference Protocol (V2). */

type DatatypeKind = "boolean" | "unsigned" | "signed" | "float" | "bytes";

interface DatatypeEntry {
  readonly kind: DatatypeKind;
  /** Bytes of one element in the V2 binary layout; 0 for BYTES, whose elements carry their own lengths. */
  readonly itemBytes: number;
}

export const datatypes = {
  BOOL: { kind: "boolean", itemBytes: 1 },
  UINT8: { kind: "unsigned", itemBytes: 1 },
  UINT16: { kind: "unsigned", itemBytes: 2 },
  UINT32: { kind: "unsigned", itemBytes: 4 },
  UINT64: { kind: "unsigned", itemBytes: 8 },
  INT8: { kind: "signed", itemBytes: 1 },
  INT16: { kind: "signed", itemBytes: 2 },
  INT32: { kind: "signed", itemBytes: 4 },
  INT64: { kind: "signed", itemBytes: 8 },
  FP16: { kind: "float", itemBytes: 2 },
  FP32: { kind: "float", itemBytes: 4 },
  FP64: { kind: "float", itemBytes: 8 },
  BYTES: { kind: "bytes", itemBytes: 0 },
} as const satisfies Record<string, DatatypeEntry>;

export type Datatype = keyof typeof datatypes;

export const datatypeNames: readonly Datatype[] = Object.keys(datatypes).filter(isDatatype);

export function isDatatype(value: unknown): value is Datatype {
  return typeof value === "string" && Object.hasOwn(datatypes, value);
}
