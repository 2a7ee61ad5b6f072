import { type FSWatcher, watch } from "node:fs";
import type { Clock, Timer } from "../../core/ports/clock.ts";

/** Editors write a file in several steps. */
const settleMs = 150;

/** Tells of changes to the code in a folder and below it. */
export class CodeWatch {
  readonly #watcher: FSWatcher;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #timer: Timer | null = null;

  constructor(folder: string, clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
    this.#watcher = watch(folder, { recursive: true }, (_event, name) => {
      if (name === null || isCode(name)) this.#changed();
    });
    // A folder that goes away is no reason to end.
    this.#watcher.on("error", () => undefined);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#watcher.close();
  }

  #changed(): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.schedule(settleMs, () => {
      this.#timer = null;
      this.#onChange();
    });
  }
}

function isCode(name: string): boolean {
  return /\.(py|json|ya?ml|toml|txt)$/.test(name) && !name.includes("__pycache__");
}
