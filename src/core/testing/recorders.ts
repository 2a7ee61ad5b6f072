import type { LogFields, Logger, LogLevel } from "../ports/logger.ts";
import type { BatchMeasurement, LoadMeasurement, Meter } from "../ports/meter.ts";
import type { ModelVersion } from "../models/model-version.ts";

export interface LogRecord {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that remembers. */
export class RecordingLogger implements Logger {
  readonly records: LogRecord[] = [];

  readonly debug = this.#recorder("debug");
  readonly info = this.#recorder("info");
  readonly warn = this.#recorder("warn");
  readonly error = this.#recorder("error");

  /** What was said with this message. */
  of(message: string): readonly LogFields[] {
    return this.records.filter((record) => record.message === message).map(({ fields }) => fields);
  }

  #recorder(level: LogLevel) {
    return (message: string, fields: LogFields = {}): void => {
      this.records.push({ level, message, fields });
    };
  }
}

interface Measured<Measurement> {
  readonly model: string;
  readonly measurement: Measurement;
}

/** A meter that remembers. */
export class RecordingMeter implements Meter {
  readonly batches: Measured<BatchMeasurement>[] = [];
  readonly loads: Measured<LoadMeasurement>[] = [];
  readonly evictions: Measured<string>[] = [];

  batchEnded(model: ModelVersion, measurement: BatchMeasurement): void {
    this.batches.push({ model: model.label, measurement });
  }

  loadEnded(model: ModelVersion, measurement: LoadMeasurement): void {
    this.loads.push({ model: model.label, measurement });
  }

  evicted(model: ModelVersion, reason: string): void {
    this.evictions.push({ model: model.label, measurement: reason });
  }
}
