import { resolve } from "node:path";
import type { StageSpec } from "../../server/pipeline/index.ts";
import { UsageError } from "../framework/usage-error.ts";

/** SageMaker's own limit. */
const mostContainers = 15;
const namePattern = /^[a-zA-Z0-9](?:-*[a-zA-Z0-9]){0,62}$/;

/** What a pipeline is to be made of, as it was typed. */
export interface StagesTyped {
  /** As `NAME=IMAGE`, `IMAGE` or a URL. */
  readonly containers: readonly string[];
  /** As `NAME=FOLDER`. */
  readonly models: readonly string[];
  readonly cwd: string;
}

/** @throws UsageError */
export function readStages({ containers, models, cwd }: StagesTyped): readonly StageSpec[] {
  if (containers.length > mostContainers) {
    throw new UsageError(`A pipeline has at most ${String(mostContainers)} containers.`);
  }
  const folders = new Map(readPairs("--model", models));
  const stages = containers.map((typed, index) => readStage(typed, { index, folders, cwd }));
  const names = new Set(stages.map(({ name }) => name));
  if (names.size < stages.length) throw new UsageError("Two containers have the same name.");
  const unknown = [...folders.keys()].find((name) => !names.has(name));
  if (unknown !== undefined) {
    throw new UsageError(
      `--model ${unknown}: no container is called that.`,
      `There are ${[...names].join(", ")}.`,
    );
  }
  return stages;
}

interface StageContext {
  readonly index: number;
  readonly folders: ReadonlyMap<string, string>;
  readonly cwd: string;
}

function readStage(typed: string, { index, folders, cwd }: StageContext): StageSpec {
  const [, given, what = typed] = /^([\w-]+)=(.+)$/.exec(typed) ?? [];
  const name = given ?? `container-${String(index + 1)}`;
  if (!namePattern.test(name)) {
    throw new UsageError(
      `${JSON.stringify(name)} cannot be the name of a container.`,
      "Letters, digits and hyphens can.",
    );
  }
  const folder = folders.get(name);
  if (/^https?:\/\//.test(what)) {
    if (folder !== undefined)
      throw new UsageError(`--model ${name}: a server that runs already has its model.`);
    return { name, runs: { kind: "server", url: readUrl(what) } };
  }
  return {
    name,
    runs: { kind: "container", image: what, model: folder === undefined ? null : resolve(cwd, folder) },
  };
}

function readUrl(text: string): URL {
  if (!URL.canParse(text)) throw new UsageError(`${JSON.stringify(text)} is no URL.`);
  const url = new URL(text);
  if (url.protocol === "http:") return url;
  throw new UsageError(
    `${text}: containers are called over plain HTTP.`,
    "Put a proxy before a server with TLS.",
  );
}

/** Names and values of `name=value`. @throws UsageError */
export function readPairs(option: string, typed: readonly string[]): readonly (readonly [string, string])[] {
  return typed.map((text) => {
    const at = text.indexOf("=");
    if (at > 0) return [text.slice(0, at), text.slice(at + 1)] as const;
    throw new UsageError(`${option} takes name=value, not ${JSON.stringify(text)}.`);
  });
}
