import type { z } from "zod";
import { sagemakerNamePattern } from "../../contracts/sagemaker/names.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ControlContext } from "./context.ts";

/** One operation of the control plane: JSON in, JSON out. Rejects with a ServingError. */
export type Operation = (context: ControlContext, input: unknown) => Promise<object>;

/** An operation whose input is checked first. */
export function operation<Schema extends z.ZodType>(
  schema: Schema,
  run: (context: ControlContext, input: z.output<Schema>) => Promise<object>,
): Operation {
  return (context, input) => run(context, checked(schema, input));
}

function checked<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const { issues } = result.error;
  const texts = issues.map((issue) => {
    const constraint =
      issue.code === "invalid_format"
        ? `Member must satisfy regular expression pattern: ${sagemakerNamePattern}`
        : issue.message;
    return `Value at '${pathOf(issue.path)}' failed to satisfy constraint: ${constraint}`;
  });
  const count = `${String(texts.length)} validation error${texts.length === 1 ? "" : "s"} detected`;
  const [first] = issues;
  throw new ServingError("INVALID_REQUEST", `${count}: ${texts.join("; ")}`, {
    field: first === undefined ? "" : pathOf(first.path),
  });
}

/** As AWS writes it: `productionVariants.1.member.variantName`. */
function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `${String(part + 1)}.member` : lowerFirst(String(part))))
    .join(".");
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
