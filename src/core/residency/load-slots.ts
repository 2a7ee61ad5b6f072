/** Runs so many tasks at once, the others in the order they came. */
export class LoadSlots {
  readonly #slots: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(slots: number) {
    this.#slots = slots;
  }

  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    if (this.#taken >= this.#slots) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#taken += 1;
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#taken -= 1;
      else next();
    }
  }
}
