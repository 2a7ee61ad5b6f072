/** Chance as the core sees it; tests give a fixed sequence. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}
