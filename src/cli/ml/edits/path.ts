/** One step into a value: a key, a place in a list, or the item of a list that has a certain value. */
export type Step =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "item"; readonly key: string; readonly value: string };

/** Takes `a.list[0].items[name=x].b` apart. */
export function parsePath(path: string): readonly Step[] {
  return Array.from(path.matchAll(/\[([^\]]*)\]|[^.[\]]+/g), ([whole, inBrackets]) =>
    stepOf(whole, inBrackets),
  );
}

function stepOf(whole: string, inBrackets: string | undefined): Step {
  if (inBrackets === undefined) return { kind: "key", key: whole };
  if (/^-?\d+$/.test(inBrackets)) return { kind: "index", index: Number(inBrackets) };
  const [key = "", ...value] = inBrackets.split("=");
  return { kind: "item", key, value: value.join("=") };
}

/** The path as it was typed, for messages. */
export function pathText(steps: readonly Step[]): string {
  return steps.map(stepText).join("").replace(/^\./, "");
}

function stepText(step: Step): string {
  switch (step.kind) {
    case "key":
      return `.${step.key}`;
    case "index":
      return `[${String(step.index)}]`;
    case "item":
      return `[${step.key}=${step.value}]`;
  }
}

/** Splits `list[key=value].name=new` at the first equals sign that is not in brackets. */
export function splitAssignment(expression: string): readonly [path: string, value: string] | undefined {
  const found = /^((?:\[[^\]]*\]|[^=[])+)=(.*)$/s.exec(expression);
  return found === null ? undefined : [found[1] ?? "", found[2] ?? ""];
}
