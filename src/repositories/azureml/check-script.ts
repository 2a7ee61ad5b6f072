/** Looks at the syntax of a Python file: the first mistake, or null. */
export type CheckScript = (
  path: string,
) => Promise<{ readonly line: number; readonly reason: string } | null>;
