import type { ModelSpec } from "../../core/models/model-spec.ts";

/** The CloudEvents headers that MLServer puts on every inference reply. */

const fixedHeaders = new WeakMap<ModelSpec, readonly string[]>();

export function cloudEventHeaders(
  { serverName }: { readonly serverName: string },
  spec: ModelSpec,
  id: string,
): readonly string[] {
  let fixed = fixedHeaders.get(spec);
  if (fixed === undefined) {
    fixed = [
      ["ce-specversion", "0.3"],
      ["ce-source", `io.seldon.serving.deployment.${serverName}`],
      ["ce-type", "io.seldon.serving.inference.response"],
      ["ce-modelid", spec.name],
      ["ce-inferenceservicename", serverName],
      ["ce-endpoint", spec.name],
    ].flat();
    fixedHeaders.set(spec, fixed);
  }
  // An empty id, or one that a header cannot carry, drops both; so does MLServer with the empty one.
  return isHeaderValue(id) ? [...fixed, "ce-id", id, "ce-requestid", id] : fixed;
}

function isHeaderValue(id: string): boolean {
  return /^[\x21-\x7e](?:[\x20-\x7e]{0,254}[\x21-\x7e])?$/.test(id);
}
