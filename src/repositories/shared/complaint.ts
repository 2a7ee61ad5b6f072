import { ServingError } from "../../contracts/serving-error.ts";
import type { SourceProblem } from "../../core/ports/model-source.ts";

interface ComplaintParts {
  /** `file:line:column`, `file`, a flag or a variable. */
  readonly where: string;
  readonly reason: string;
  readonly hint?: string;
}

interface MisfitParts {
  readonly where: string;
  /** The key, flag or variable, as it is spelt there. */
  readonly field: string;
  readonly expected: string;
  readonly got: unknown;
  readonly hint?: string;
}

/** Something in a settings file, flag or variable that cannot be used: fatal to a server, to a model only its problem. */
export class Complaint extends Error {
  override readonly name = "Complaint";
  readonly where: string;
  readonly reason: string;
  readonly hint: string | undefined;

  constructor({ where, reason, hint }: ComplaintParts) {
    super(`${where}: ${reason}`);
    this.where = where;
    this.reason = reason;
    this.hint = hint;
  }

  /** A value of the wrong form. */
  static misfit({ where, field, expected, got, hint }: MisfitParts): Complaint {
    const reason = `${field}: expected ${expected}, got ${quote(got)}`;
    return new Complaint({ where, reason, ...(hint === undefined ? {} : { hint }) });
  }

  toServingError(): ServingError {
    const { where, hint } = this;
    const details = { where, ...(hint === undefined ? {} : { hint }) };
    return new ServingError("INVALID_SETTINGS", this.reason, details, { cause: this });
  }

  toProblem(name: string): SourceProblem {
    const { where, reason, hint } = this;
    return { name, where, reason, ...(hint === undefined ? {} : { hint }) };
  }
}

const longestQuote = 80;

/** A value as it stands in a message. */
export function quote(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length <= longestQuote ? text : `${text.slice(0, longestQuote)}…`;
}
