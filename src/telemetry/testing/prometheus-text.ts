/** A strict reader of the Prometheus text format: what it takes, a scraper takes. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

type Families = Map<string, { type: string; help: string; samples: Sample[] }>;

const suffixes: Readonly<Record<string, readonly string[]>> = {
  counter: [""],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count"],
  summary: ["_sum", "_count"],
};

/** Throws where a line is malformed, out of place, or says twice what can be said once. */
export function parsePrometheus(text: string): ReadonlyMap<string, MetricFamily> {
  if (!text.endsWith("\n")) throw new Error("The last line has no end.");
  const families: Families = new Map();
  const seen = new Set<string>();
  let current = "";
  for (const line of text.slice(0, -1).split("\n")) {
    if (line.startsWith("#")) current = readComment(line, families);
    else readSample(line, { name: current, family: families.get(current), seen });
  }
  for (const [name, { type, samples }] of families) if (type === "histogram") checkHistogram(name, samples);
  return families;
}

function readComment(line: string, families: Families): string {
  const [, keyword, name = "", rest = ""] = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line) ?? [];
  if (keyword === "HELP") {
    if (families.has(name)) throw new Error(`${name} comes twice.`);
    families.set(name, { type: "", help: rest, samples: [] });
    return name;
  }
  const family = families.get(name);
  if (keyword !== "TYPE" || family?.type !== "" || !Object.hasOwn(suffixes, rest))
    throw new Error(`What is: ${line}`);
  family.type = rest;
  return name;
}

function readSample(
  line: string,
  {
    name,
    family,
    seen,
  }: { name: string; family: { type: string; samples: Sample[] } | undefined; seen: Set<string> },
): void {
  const [, metric = "", labelText = "", valueText = ""] =
    /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  const isOfFamily = suffixes[family?.type ?? ""]?.some((suffix) => metric === name + suffix) === true;
  if (family === undefined || !isOfFamily) throw new Error(`Not a sample of ${name}: ${line}`);
  const labels = readLabels(labelText);
  const key = `${metric} ${JSON.stringify(Object.entries(labels).sort())}`;
  if (seen.has(key)) throw new Error(`The series comes twice: ${line}`);
  seen.add(key);
  family.samples.push({ name: metric, labels, value: readNumber(valueText) });
}

function readLabels(text: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== "") {
    const [all, name = "", value = ""] =
      /^([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\n"])*)"(?:,(?=.)|$)/.exec(rest) ?? [];
    if (all === undefined || Object.hasOwn(labels, name)) throw new Error(`Bad labels: ${text}`);
    labels[name] = value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
    rest = rest.slice(all.length);
  }
  return labels;
}

function readNumber(text: string): number {
  if (text === "+Inf") return Infinity;
  if (text === "-Inf") return -Infinity;
  const value = Number(text);
  if (text !== "NaN" && Number.isNaN(value)) throw new Error(`Not a number: ${text}`);
  return value;
}

/** Buckets rise to the one to infinity, which is the count. */
function checkHistogram(name: string, samples: readonly Sample[]): void {
  const series = Map.groupBy(samples, ({ labels }) => JSON.stringify({ ...labels, le: "" }));
  for (const [labels, all] of series) {
    const buckets = all.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map((bucket) => readNumber(bucket.labels["le"] ?? ""));
    const counts = buckets.map(({ value }) => value);
    const count = all.find((sample) => sample.name === `${name}_count`)?.value;
    const isRising = (numbers: readonly number[]): boolean =>
      numbers.every((number, index) => index === 0 || number >= (numbers[index - 1] ?? 0));
    if (!isRising(bounds) || bounds.at(-1) !== Infinity)
      throw new Error(`${name}${labels}: bounds ${bounds.join()}`);
    if (!isRising(counts) || counts.at(-1) !== count)
      throw new Error(`${name}${labels}: counts ${counts.join()}`);
    if (!all.some((sample) => sample.name === `${name}_sum`)) throw new Error(`${name}${labels} has no sum.`);
  }
}
