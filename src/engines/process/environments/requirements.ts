/**
 * Packages that a scoring script imports and hostler answers for itself. They are left out of what is installed; the
 * real ones win where they are there.
 */
const ownPackages: ReadonlySet<string> = new Set([
  "azureml-defaults",
  "azureml-inference-server-http",
  "azureml-contrib-services",
  "azureml-ai-monitoring",
  "inference-schema",
]);

/** What their extras bring, which scripts rely on. */
const extras: Readonly<Record<string, readonly string[]>> = {
  "numpy-support": ["numpy"],
  "pandas-support": ["pandas", "numpy"],
};

/** The requirements without those that hostler itself satisfies; what such a one would have brought along stays. */
export function withoutOwnPackages(requirements: readonly string[]): {
  readonly requirements: readonly string[];
  readonly left: readonly string[];
} {
  const kept: string[] = [];
  const left: string[] = [];
  for (const requirement of requirements) {
    const [, name = "", listed = ""] = /^([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?/.exec(requirement) ?? [];
    if (!ownPackages.has(normalised(name))) {
      kept.push(requirement);
      continue;
    }
    left.push(requirement);
    for (const extra of listed.split(",")) kept.push(...(extras[extra.trim()] ?? []));
  }
  return { requirements: [...new Set(kept)], left };
}

/** As package indexes compare names. */
function normalised(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
}
