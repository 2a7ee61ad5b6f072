import type { z } from "zod";
import { ServingError } from "../../../contracts/serving-error.ts";

/** What the control API takes, or the first thing that is wrong with it; `what` names it in the message. */
export function checked<S extends z.ZodType>(schema: S, input: unknown, what: string): z.output<S> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = [what, ...(issue?.path.map(String) ?? [])].join(".");
  throw new ServingError("INVALID_DOCUMENT", `${field}: ${issue?.message ?? "is wrong"}`, { field });
}
