import { get } from "./http.ts";
import type { RunningHostler } from "./hostler.ts";
import { until } from "./until.ts";

/** What the metrics port says: values by series, as `name{label="value"}`. */
export type Metrics = ReadonlyMap<string, number>;

export async function readMetrics({ metricsUrl }: Pick<RunningHostler, "metricsUrl">): Promise<Metrics> {
  const { pathname } = new URL(metricsUrl);
  const { status, body } = await get(metricsUrl, pathname);
  if (status !== 200) throw new Error(`${metricsUrl} answers ${String(status)}.`);
  const lines = body.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map(readLine));
}

function readLine(line: string): [string, number] {
  const space = line.lastIndexOf(" ");
  return [line.slice(0, space), Number(line.slice(space + 1).replace("Inf", "Infinity"))];
}

/** A metric of one model without a version. */
export async function modelMetric(server: RunningHostler, name: string, model: string): Promise<number> {
  return (await readMetrics(server)).get(`${name}{model="${model}",version=""}`) ?? 0;
}

/** Waits until a worker has a call of this model. */
export async function untilRunning(server: RunningHostler, model: string): Promise<void> {
  const probe = async (): Promise<true | undefined> =>
    (await modelMetric(server, "hostler_in_flight", model)) > 0 ? true : undefined;
  await until(`a call of ${model} to run`, probe);
}

/** Waits until this model has so many calls, with a worker or in line. */
export async function untilUnderWay(server: RunningHostler, model: string, calls: number): Promise<void> {
  const probe = async (): Promise<true | undefined> => {
    const metrics = await readMetrics(server);
    const of = (name: string): number => metrics.get(`${name}{model="${model}",version=""}`) ?? 0;
    return of("hostler_in_flight") + of("hostler_queue_depth") === calls ? true : undefined;
  };
  await until(`${String(calls)} calls of ${model} to be under way`, probe);
}
