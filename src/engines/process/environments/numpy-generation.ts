/**
 * The first release of each package that was built for NumPy 2. Older ones are built for NumPy 1 and cannot be imported
 * beside a newer one, which their own metadata, unlike conda's, does not say.
 */
const firstForNumpy2: Readonly<Record<string, readonly [number, number, number]>> = {
  matplotlib: [3, 8, 4],
  pandas: [2, 2, 2],
  "scikit-image": [0, 23, 1],
  "scikit-learn": [1, 4, 2],
  scipy: [1, 13, 0],
  statsmodels: [0, 14, 2],
};

/** Adds `numpy<2` where a pinned package needs it and nothing is said of NumPy's version. */
export function withNumpyGeneration(requirements: readonly string[]): readonly string[] {
  if (!requirements.some(isForNumpy1)) return requirements;
  const others = requirements.filter((requirement) => requirement !== "numpy");
  return others.some((requirement) => /^numpy\s*[<>=!~]/.test(requirement)) ? others : [...others, "numpy<2"];
}

function isForNumpy1(requirement: string): boolean {
  const [, name = "", version = ""] = /^([\w.-]+)\s*==\s*([\d.]+)/.exec(requirement) ?? [];
  const first = firstForNumpy2[name.toLowerCase().replaceAll(/[-_.]+/g, "-")];
  if (first === undefined) return false;
  const parts = version.split(".").map((part) => (part === "" ? Number.NaN : Number(part)));
  for (const [index, wanted] of first.entries()) {
    // `1.2.*` is as new as 1.2 can be: what is not written decides nothing.
    const part = parts[index];
    if (part === undefined || Number.isNaN(part)) return false;
    if (part !== wanted) return part < wanted;
  }
  return false;
}
