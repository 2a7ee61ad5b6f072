/** The grammar of multi-model-server's command line, as argparse reads it. */

/** What a line of `multi-model-server` asks for. */
export type MmsLine =
  | { readonly kind: "start"; readonly inForeground: boolean; readonly server: MmsServerArguments }
  | { readonly kind: "stop" }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly message: string };

export interface MmsServerArguments {
  readonly config: string | undefined;
  readonly modelStore: string | undefined;
  /** As `name=url` or `url`; empty: none. */
  readonly models: readonly string[];
  readonly logConfig: string | undefined;
}

const switches = ["--start", "--stop", "--foreground", "--help"] as const;
const single = ["--mms-config", "--model-store", "--log-config"] as const;
const names: readonly string[] = [...switches, ...single, "--models"];

export function parseMmsLine(words: readonly string[]): MmsLine {
  const given = new Map<string, readonly string[]>();
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [typed, inline] = splitOnce(word);
    const name = wholeName(typed);
    if ("message" in name) return { kind: "wrong", message: name.message };
    const values = valuesOf(name.name, inline, rest);
    if (values === undefined) return { kind: "wrong", message: expects(name.name) };
    given.set(name.name, values);
  }
  return lineOf(given);
}

function lineOf(given: ReadonlyMap<string, readonly string[]>): MmsLine {
  if (given.has("--help")) return { kind: "help" };
  if (given.has("--start") && given.has("--stop")) {
    return { kind: "wrong", message: "argument --stop: not allowed with argument --start" };
  }
  if (given.has("--stop")) return { kind: "stop" };
  const one = (name: string): string | undefined => given.get(name)?.[0];
  return {
    kind: "start",
    inForeground: given.has("--foreground"),
    server: {
      config: one("--mms-config"),
      modelStore: one("--model-store"),
      models: given.get("--models") ?? [],
      logConfig: one("--log-config"),
    },
  };
}

function splitOnce(word: string): readonly [string, string?] {
  const at = word.startsWith("--") ? word.indexOf("=") : -1;
  return at === -1 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}

/** argparse takes any beginning of a name that fits only one. */
function wholeName(typed: string): { readonly name: string } | { readonly message: string } {
  if (typed === "-h") return { name: "--help" };
  if (!typed.startsWith("--")) return { message: `unrecognized arguments: ${typed}` };
  const fitting = names.includes(typed) ? [typed] : names.filter((name) => name.startsWith(typed));
  const [only, another] = fitting;
  if (only === undefined) return { message: `unrecognized arguments: ${typed}` };
  if (another !== undefined)
    return { message: `ambiguous option: ${typed} could match ${fitting.join(", ")}` };
  return { name: only };
}

/** Undefined where values are missing, or given to a switch. */
function valuesOf(name: string, inline: string | undefined, rest: string[]): readonly string[] | undefined {
  if (switches.some((one) => one === name)) return inline === undefined ? [] : undefined;
  if (inline !== undefined) return [inline];
  const values: string[] = [];
  const most = name === "--models" ? Number.POSITIVE_INFINITY : 1;
  while (values.length < most) {
    const [next] = rest;
    if (next === undefined || next.startsWith("-")) break;
    values.push(next);
    rest.shift();
  }
  return values.length === 0 ? undefined : values;
}

function expects(name: string): string {
  if (switches.some((one) => one === name)) return `argument ${name}: ignored explicit argument`;
  return `argument ${name}: expected ${name === "--models" ? "at least one argument" : "one argument"}`;
}
