import type { ModelSnapshot, TensorSnapshot } from "../contracts/snapshot.ts";
import type { Column } from "./table.ts";
import type { Colors } from "./terminal.ts";
import { formatBytes, formatDuration } from "../contracts/units.ts";

/** One line of the model table, also for a model that never came as far as a snapshot. */
export type ModelRow = Pick<
  ModelSnapshot,
  "name" | "version" | "state" | "isDefault" | "memoryBytes" | "loadMs"
> & {
  readonly runtime: string | null;
};

const none = "-";

export function modelColumns(colors: Colors): readonly Column<ModelRow>[] {
  return [
    { title: "NAME", cell: ({ name }) => name },
    { title: "VERSION", cell: ({ version }) => version ?? none },
    { title: "RUNTIME", cell: ({ runtime }) => runtime ?? none },
    {
      title: "STATE",
      cell: ({ state }) => state,
      paint: (text, { state }) => paintState(colors, state)(text),
    },
    {
      title: "MEMORY",
      align: "right",
      cell: ({ memoryBytes }) => (memoryBytes === null ? none : formatBytes(memoryBytes)),
    },
    {
      title: "LOAD",
      align: "right",
      cell: ({ loadMs }) => (loadMs === null ? none : formatDuration(loadMs)),
    },
  ];
}

/** A model whose settings cannot be read has no version, no runtime, only a name to complain about. */
export function brokenRow(name: string): ModelRow {
  return {
    name,
    version: null,
    runtime: null,
    state: "broken",
    isDefault: false,
    memoryBytes: null,
    loadMs: null,
  };
}

function paintState(colors: Colors, state: string): (text: string) => string {
  switch (state) {
    case "ready":
      return colors.green;
    case "failed":
    case "broken":
      return colors.red;
    default:
      return colors.yellow;
  }
}

/** `name` or `name@version`, as it is typed for `predict` and `models describe`. */
export function labelOf({ name, version }: Pick<ModelSnapshot, "name" | "version">): string {
  return version === null ? name : `${name}@${version}`;
}

/** As `FP32 [-1, 64]`. */
export function formatTensor({ datatype, shape }: Omit<TensorSnapshot, "name">): string {
  return `${datatype} [${shape.join(", ")}]`;
}
