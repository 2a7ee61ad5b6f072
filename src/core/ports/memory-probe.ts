/** Measures what the whole process tree holds. */
export interface MemoryProbe {
  /** Private bytes of every process of the tree, plus what a zygote shares with its workers, once. */
  measure(): Promise<number>;
}
