import type { ErrorCode } from "../contracts/errors.ts";
import { type Family, labelText, pieces, sample } from "./exposition.ts";
import type { Histogram } from "./histogram.ts";
import type { MlserverSeries, ModelSeries } from "./model-series.ts";

/** Why a call was refused before it ran; null for codes of calls that ran, or that never could. */
const rejectionReasons: Readonly<Record<ErrorCode, string | null>> = {
  MALFORMED_JSON: null,
  INVALID_REQUEST: null,
  INVALID_INPUT: null,
  UNSUPPORTED_OUTPUT: null,
  UNSUPPORTED_ENCODING: null,
  UNSUPPORTED_MEDIA_TYPE: null,
  NOT_ACCEPTABLE: null,
  PAYLOAD_TOO_LARGE: "payload_too_large",
  UNAUTHENTICATED: "unauthenticated",
  FORBIDDEN: null,
  ROUTE_NOT_FOUND: null,
  METHOD_NOT_ALLOWED: null,
  MODEL_NOT_FOUND: null,
  MODEL_NOT_READY: "model_not_ready",
  MODEL_LOAD_FAILED: null,
  MODEL_ERROR: null,
  REQUEST_QUARANTINED: "quarantined",
  QUEUE_FULL: "queue_full",
  OVERLOADED: "deadline_infeasible",
  DEADLINE_EXCEEDED: null,
  CANCELLED: null,
  ENDPOINT_NOT_FOUND: null,
  DEPLOYMENT_NOT_FOUND: null,
  ASSET_NOT_FOUND: null,
  ALREADY_EXISTS: null,
  CONFLICT: null,
  INVALID_DOCUMENT: null,
  DEPLOYMENT_FAILED: null,
  IMAGE_UNAVAILABLE: null,
  ENGINE_UNAVAILABLE: null,
  INSTANCE_NOT_READY: null,
  SHUTTING_DOWN: "shutting_down",
  OUT_OF_MEMORY: "out_of_memory",
  WORKER_DIED: null,
  ENVIRONMENT_UNUSABLE: null,
  INVALID_SETTINGS: null,
  PORT_UNAVAILABLE: null,
  UNREACHABLE: null,
  INTERNAL: null,
};

type Models = readonly ModelSeries[];

/** hostler's own metrics of requests. */
export function requestFamilies(models: Models): readonly Family[] {
  return [
    {
      name: "hostler_requests_total",
      type: "counter",
      help: "Inference requests by result: OK, or a code of the error catalogue.",
      samples: () => pieces(models, requests),
    },
    histogram(models, {
      name: "hostler_request_duration_seconds",
      help: "Time from a request's head to its reply.",
      of: (series) => series.duration,
    }),
    histogram(models, {
      name: "hostler_queue_duration_seconds",
      help: "Time that a call waited for a worker.",
      of: (series) => series.queueDuration,
    }),
    histogram(models, {
      name: "hostler_compute_duration_seconds",
      help: "Time that the batch of a call took in its worker.",
      of: (series) => series.computeDuration,
    }),
    histogram(models, {
      name: "hostler_batch_size",
      help: "Calls that ran as one batch.",
      of: (series) => series.batchCalls,
    }),
    histogram(models, {
      name: "hostler_batch_rows",
      help: "Rows of a batch.",
      of: (series) => series.batchRows,
    }),
    {
      name: "hostler_rejected_total",
      type: "counter",
      help: "Inference requests that were refused before they ran.",
      samples: () => pieces(models, rejections),
    },
  ];
}

/** hostler's own metrics of what becomes of models. */
export function loadFamilies(models: Models): readonly Family[] {
  const loads = "hostler_model_loads_total";
  const coldStarts = "hostler_cold_starts_total";
  const evictions = "hostler_model_evictions_total";
  return [
    {
      name: loads,
      type: "counter",
      help: "Loads of a model by result.",
      samples: () =>
        pieces(
          models,
          ({ labels, loads: ok, failedLoads }) =>
            sample(loads, `${labels},result="ok"`, ok) +
            sample(loads, `${labels},result="failed"`, failedLoads),
        ),
    },
    histogram(models, {
      name: "hostler_model_load_duration_seconds",
      help: "Time that a load took, of those that succeeded.",
      of: (series) => series.loadDuration,
    }),
    {
      name: coldStarts,
      type: "counter",
      help: "Loads that a request waited for.",
      samples: () => pieces(models, ({ labels, coldStarts: count }) => sample(coldStarts, labels, count)),
    },
    {
      name: evictions,
      type: "counter",
      help: "Times that a model made room for others.",
      samples: () =>
        pieces(models, (series) =>
          [...series.evictions]
            .map(([reason, count]) => sample(evictions, `${series.labels},${labelText({ reason })}`, count))
            .join(""),
        ),
    },
  ];
}

/** MLServer's metrics of models, under its names and labels. */
export function mlserverFamilies(models: Models): readonly Family[] {
  const success = "model_infer_request_success_total";
  const failure = "model_infer_request_failure_total";
  const duration = "model_infer_request_duration";
  return [
    {
      name: success,
      type: "counter",
      help: "Inference requests that were answered, by the version they named.",
      samples: () =>
        pieces(mlserverSeries(models), (series) => sample(success, series.labels, series.successes)),
    },
    {
      name: failure,
      type: "counter",
      help: "Inference requests that failed, by the version they named.",
      samples: () =>
        pieces(mlserverSeries(models), (series) => sample(failure, series.labels, series.failures)),
    },
    {
      name: duration,
      type: "summary",
      help: "Seconds that inference requests took, by the version they named.",
      samples: () =>
        pieces(
          mlserverSeries(models),
          ({ labels, successes, failures, seconds }) =>
            sample(`${duration}_count`, labels, successes + failures) +
            sample(`${duration}_sum`, labels, seconds),
        ),
    },
    {
      name: "batch_request_queue",
      type: "histogram",
      help: "Calls that wait for the model when another is answered.",
      samples: () =>
        pieces(models, (series) => series.waiting.render("batch_request_queue", series.mlserverLabels)),
    },
  ];
}

/** Each once: the versions of a name share the series of requests that named none. Those never used are left out. */
function* mlserverSeries(models: Models): Generator<MlserverSeries> {
  const all = new Set(models.flatMap(({ unversioned, versioned }) => [unversioned, versioned]));
  for (const series of all) if (series.successes + series.failures > 0) yield series;
}

function requests({ labels, successes, failures }: ModelSeries): string {
  let text = sample("hostler_requests_total", `${labels},code="OK"`, successes);
  for (const [code, count] of failures)
    text += sample("hostler_requests_total", `${labels},code="${code}"`, count);
  return text;
}

function rejections({ labels, failures }: ModelSeries): string {
  let text = "";
  for (const [code, count] of failures) {
    const reason = rejectionReasons[code];
    if (reason !== null) text += sample("hostler_rejected_total", `${labels},reason="${reason}"`, count);
  }
  return text;
}

function histogram(
  models: Models,
  {
    name,
    help,
    of,
  }: { readonly name: string; readonly help: string; readonly of: (series: ModelSeries) => Histogram },
): Family {
  return {
    name,
    type: "histogram",
    help,
    samples: () => pieces(models, (series) => of(series).render(name, series.labels)),
  };
}
