import { ServingError } from "../../contracts/serving-error.ts";

const factors: Readonly<Record<string, number>> = {
  "": 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A quantity as Kubernetes writes it: `500m`, `0.5`, `2Gi`, `1e3`. Throws INVALID_DOCUMENT. */
export function parseQuantity(text: string, field: string): number {
  const [, number, exponent = "", suffix = ""] =
    /^(\d+(?:\.\d*)?|\.\d+)(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i))?$/.exec(text.trim()) ?? [];
  const factor = factors[suffix];
  if (number === undefined || factor === undefined) {
    throw new ServingError("INVALID_DOCUMENT", `${field}: expected a quantity as 500m or 2Gi, got ${text}`, {
      field,
      expected: "a quantity as 500m or 2Gi",
      got: text,
    });
  }
  return Number(number + exponent) * factor;
}
