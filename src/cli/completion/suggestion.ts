/** One word that fits, and what it means. */
export interface Suggestion {
  readonly value: string;
  readonly note: string;
}

/** The words that fit, or whose paths the shell should offer. */
export type Answer = readonly Suggestion[] | "file" | "folder";
