import type { Revision } from "../contracts/control/endpoint.ts";
import type { Snapshot } from "./records.ts";

type Difference = Revision["diff"][number];

/** What a change changed, path by path, as `traffic.green` or `deployments.blue.instance_count`. */
export function diffOf(before: Snapshot | null, after: Snapshot): readonly Difference[] {
  return [...differences("", before === null ? {} : flat(before), flat(after))];
}

function flat({ endpoint, deployments }: Snapshot): Readonly<Record<string, unknown>> {
  return { ...endpoint, deployments };
}

function* differences(path: string, before: unknown, after: unknown): Generator<Difference> {
  if (isMap(before) && isMap(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      yield* differences(path === "" ? key : `${path}.${key}`, before[key], after[key]);
    }
  } else if (JSON.stringify(before) !== JSON.stringify(after)) {
    yield { path, before: before ?? null, after: after ?? null };
  }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
