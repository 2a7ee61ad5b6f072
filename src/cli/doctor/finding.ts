/** One line of the doctor's report. */
export interface Finding {
  readonly check: string;
  /** All well, works but worth knowing, does not work. */
  readonly level: "ok" | "warning" | "problem";
  readonly message: string;
  /** What to do about it; null where nothing needs doing. */
  readonly fix: string | null;
}

export interface Question {
  /** As `--python` or HOSTLER_PYTHON name it. */
  readonly python: string | null;
  readonly host: string;
  readonly ports: readonly { readonly name: string; readonly flag: string; readonly port: number }[];
  readonly environment: NodeJS.ProcessEnv;
}

/** Looks at one thing and never rejects: what cannot be looked at is a finding too. */
export type Check = (question: Question) => Promise<readonly Finding[]>;

export function ok(check: string, message: string): Finding {
  return { check, level: "ok", message, fix: null };
}

export function warning(check: string, message: string, fix: string): Finding {
  return { check, level: "warning", message, fix };
}

export function problem(check: string, message: string, fix: string): Finding {
  return { check, level: "problem", message, fix };
}
