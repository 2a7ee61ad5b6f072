/**
 * The life of a model version, as a table. SPEC.md beside this file says it in words; the property test walks it at
 * random.
 */

export const lifecycleStates = ["registered", "loading", "ready", "draining", "unloading", "failed"] as const;
export type LifecycleState = (typeof lifecycleStates)[number];

export const lifecycleEvents = ["load", "loaded", "load-failed", "drain", "drained", "unloaded"] as const;
export type LifecycleEvent = (typeof lifecycleEvents)[number];

/** The next state, or null where the event cannot happen: sending it is a bug. */
export const lifecycle: Readonly<
  Record<LifecycleState, Readonly<Record<LifecycleEvent, LifecycleState | null>>>
> = {
  registered: {
    load: "loading",
    loaded: null,
    "load-failed": null,
    drain: null,
    drained: null,
    unloaded: null,
  },
  loading: {
    load: null,
    loaded: "ready",
    "load-failed": "failed",
    drain: null,
    drained: null,
    unloaded: null,
  },
  ready: {
    load: null,
    loaded: null,
    "load-failed": null,
    drain: "draining",
    drained: null,
    unloaded: null,
  },
  draining: {
    load: null,
    loaded: null,
    "load-failed": null,
    drain: null,
    drained: "unloading",
    unloaded: null,
  },
  unloading: {
    load: null,
    loaded: null,
    "load-failed": null,
    drain: null,
    drained: null,
    unloaded: "registered",
  },
  failed: {
    load: "loading",
    loaded: null,
    "load-failed": null,
    drain: null,
    drained: null,
    unloaded: null,
  },
};
