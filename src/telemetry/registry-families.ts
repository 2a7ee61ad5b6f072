import { lifecycleStates } from "../core/models/lifecycle.ts";
import type { ModelVersion } from "../core/models/model-version.ts";
import { type Family, labelText, pieces, sample } from "./exposition.ts";

/** What is true of the models now: read from the registry when it is asked for, kept nowhere. */
export function registryFamilies(versions: Iterable<ModelVersion>): readonly Family[] {
  return [
    {
      name: "hostler_model_state",
      type: "gauge",
      help: "1 for the state that the model is in, 0 for the others.",
      samples: () => pieces(versions, states),
    },
    gauge(versions, {
      name: "hostler_model_memory_bytes",
      help: "Private bytes of a loaded model: an estimate where models share a worker.",
      of: ({ state, memoryBytes }) => (state === "ready" ? (memoryBytes ?? 0) : 0),
    }),
    gauge(versions, {
      name: "hostler_in_flight",
      help: "Calls that a worker has.",
      of: ({ queue }) => queue.running,
    }),
    gauge(versions, {
      name: "hostler_queue_depth",
      help: "Calls that wait for a worker.",
      of: ({ queue }) => queue.waiting,
    }),
  ];
}

function gauge(
  versions: Iterable<ModelVersion>,
  {
    name,
    help,
    of,
  }: { readonly name: string; readonly help: string; readonly of: (version: ModelVersion) => number },
): Family {
  return {
    name,
    type: "gauge",
    help,
    samples: () => pieces(versions, (version) => sample(name, labelsOf(version), of(version))),
  };
}

function states(version: ModelVersion): string {
  const labels = labelsOf(version);
  return lifecycleStates
    .map((state) =>
      sample("hostler_model_state", `${labels},state="${state}"`, version.state === state ? 1 : 0),
    )
    .join("");
}

function labelsOf({ spec }: ModelVersion): string {
  return labelText({ model: spec.name, version: spec.version ?? "" });
}
