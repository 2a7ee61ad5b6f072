import type { ErrorCode } from "../contracts/errors.ts";
import type { ModelVersion } from "../core/models/model-version.ts";
import type { BatchMeasurement, LoadMeasurement } from "../core/ports/meter.ts";
import type { RequestRecord } from "../core/ports/request-observer.ts";
import { type LabelText, labelText } from "./exposition.ts";
import { Histogram, latencyBuckets, loadBuckets, mlserverBuckets, sizeBuckets } from "./histogram.ts";

/** What MLServer counts, by the version that the caller named: "None" where it named none. */
export class MlserverSeries {
  readonly labels: LabelText;
  successes = 0;
  failures = 0;
  seconds = 0;

  constructor(model: string, requestedVersion: string) {
    this.labels = labelText({ model, version: requestedVersion });
  }
}

/** Everything that is counted of one version of one model. */
export class ModelSeries {
  readonly name: string;
  readonly labels: LabelText;
  /** The labels as MLServer spells them. */
  readonly mlserverLabels: LabelText;
  readonly unversioned: MlserverSeries;
  readonly versioned: MlserverSeries;
  successes = 0;
  readonly failures = new Map<ErrorCode, number>();
  readonly duration = new Histogram(latencyBuckets);
  readonly queueDuration = new Histogram(latencyBuckets);
  readonly computeDuration = new Histogram(latencyBuckets);
  readonly waiting = new Histogram(mlserverBuckets);
  readonly batchCalls = new Histogram(sizeBuckets);
  readonly batchRows = new Histogram(sizeBuckets);
  readonly loadDuration = new Histogram(loadBuckets);
  loads = 0;
  failedLoads = 0;
  coldStarts = 0;
  readonly evictions = new Map<string, number>();
  /** Whether a scrape has had it. */
  isShown = false;
  isDropped = false;

  constructor(name: string, version: string | null, unversioned: MlserverSeries) {
    this.name = name;
    this.labels = labelText({ model: name, version: version ?? "" });
    this.mlserverLabels = labelText({ model_name: name, model_version: version ?? "" });
    this.unversioned = unversioned;
    this.versioned = version === null ? unversioned : new MlserverSeries(name, version);
  }

  requestEnded({ code, totalMs, timing, model, requestedVersion }: RequestRecord): void {
    const seconds = totalMs / 1000;
    const mlserver = requestedVersion === null ? this.unversioned : this.versioned;
    mlserver.seconds += seconds;
    this.duration.observe(seconds);
    if (code === null) {
      mlserver.successes += 1;
      this.successes += 1;
    } else {
      mlserver.failures += 1;
      increment(this.failures, code);
    }
    if (timing !== null) {
      this.queueDuration.observe(timing.queueMs / 1000);
      this.computeDuration.observe(timing.computeMs / 1000);
    }
    if (model !== null) this.waiting.observe(model.queue.waiting);
  }

  batchEnded({ calls, rows }: BatchMeasurement): void {
    this.batchCalls.observe(calls);
    this.batchRows.observe(rows);
  }

  loadEnded({ ok, loadMs, cold }: LoadMeasurement): void {
    if (!ok) {
      this.failedLoads += 1;
      return;
    }
    this.loads += 1;
    this.loadDuration.observe(loadMs / 1000);
    if (cold) this.coldStarts += 1;
  }

  evicted(reason: string): void {
    increment(this.evictions, reason);
  }
}

/** The series of all models: found by object on the hot path, kept by name across reloads. */
export class SeriesBook {
  readonly #ofVersion = new WeakMap<ModelVersion, ModelSeries>();
  readonly #byLabel = new Map<string, ModelSeries>();
  readonly #unversioned = new Map<string, MlserverSeries>();
  /** One series for all names that callers make up: each would be a series of its own for ever. */
  readonly unknown = new ModelSeries(unknownName, unknownName, new MlserverSeries(unknownName, noVersion));

  of(version: ModelVersion): ModelSeries {
    const known = this.#ofVersion.get(version);
    if (known !== undefined && !known.isDropped) return known;
    const series = this.#byLabel.get(version.label) ?? this.#add(version);
    this.#ofVersion.set(version, series);
    return series;
  }

  /** What a scrape shows. Models that left are dropped, once a scrape has had their last values. */
  shown(registered: Iterable<ModelVersion>): readonly ModelSeries[] {
    const present = new Set<ModelSeries>();
    for (const version of registered) present.add(this.of(version));
    for (const [label, series] of this.#byLabel) {
      if (present.has(series) || !series.isShown) continue;
      series.isDropped = true;
      this.#byLabel.delete(label);
    }
    const all = [...this.#byLabel.values()];
    for (const series of all) series.isShown = true;
    this.#forgetNames(all);
    return all;
  }

  #add({ label, spec }: ModelVersion): ModelSeries {
    const series = new ModelSeries(spec.name, spec.version, this.#unversionedOf(spec.name));
    this.#byLabel.set(label, series);
    return series;
  }

  #unversionedOf(name: string): MlserverSeries {
    const known = this.#unversioned.get(name);
    if (known !== undefined) return known;
    const series = new MlserverSeries(name, noVersion);
    this.#unversioned.set(name, series);
    return series;
  }

  #forgetNames(all: readonly ModelSeries[]): void {
    const names = new Set(all.map(({ name }) => name));
    for (const name of this.#unversioned.keys()) if (!names.has(name)) this.#unversioned.delete(name);
  }
}

const unknownName = "_unknown";
/** As MLServer prints it. */
const noVersion = "None";

export function increment<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
