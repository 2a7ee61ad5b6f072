import type { EngineChoice } from "../../contracts/control/deployment.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { LaunchOrder } from "../../core/ports/instance-launcher.ts";
import { type EngineSearch, noEngine } from "../../engines/container/container-engine.ts";
import { isCurated } from "../../engines/process/environments/curated.ts";
import { type ImageSource, imageSourceOf, obtainImage } from "./images.ts";

/** Where a deployment runs. */
export type EngineDecision =
  | { readonly kind: "process" }
  | {
      readonly kind: "container";
      readonly image: string;
      readonly search: Extract<EngineSearch, { kind: "found" }>;
    };

export interface ChoiceContext {
  /** What `auto` in a deployment means. */
  readonly engine: EngineChoice;
  /** Whether images may be pulled. */
  readonly allowsPull: boolean;
  /** Names of images that are built here begin with it. */
  readonly imagePrefix: string;
  /** Contexts of images that are made here. */
  readonly scratchFolder: string;
  readonly findEngine: () => Promise<EngineSearch>;
  readonly say: (text: string) => void;
}

/**
 * Chooses the engine. `auto` takes the image where a local engine has it or can build it; where it cannot be had, what
 * the deployment brings besides it runs as a process. Rejects with what is missing, and how to get it.
 */
export async function chooseEngine(order: LaunchOrder, context: ChoiceContext): Promise<EngineDecision> {
  const wanted = order.spec.engine === "auto" ? context.engine : order.spec.engine;
  const source = imageSourceOf(order.environment, context.imagePrefix);
  if (wanted === "process") return processOf(order, source);
  if (source === null) {
    if (wanted === "auto") return processOf(order, source);
    throw new ServingError(
      "IMAGE_UNAVAILABLE",
      "engine: container needs an image, and the environment names none.",
      {
        field: "environment",
        hint: "Give environment.image or environment.build, or let it run as a process with engine: auto.",
      },
    );
  }
  const search = await context.findEngine();
  if (wanted === "container") {
    if (search.kind === "none") throw noEngine(search.looked);
    return { kind: "container", image: await obtainImage(source, search.engine, context), search };
  }
  return imageOrProcess(order, source, { search, context });
}

async function imageOrProcess(
  order: LaunchOrder,
  source: ImageSource,
  { search, context }: { readonly search: EngineSearch; readonly context: ChoiceContext },
): Promise<EngineDecision> {
  let why = "no container engine answers here";
  if (search.kind === "found") {
    try {
      return { kind: "container", image: await obtainImage(source, search.engine, context), search };
    } catch (error) {
      const known = ServingError.from(error);
      if (known.code !== "IMAGE_UNAVAILABLE") throw known;
      why = known.message.replace(/\.$/, "");
    }
  }
  if (!runsAsProcess(order)) throw imageUnavailable(order, source.name, why);
  const what = order.spec.command === null ? "The scoring script" : "The command";
  context.say(
    isCurated(source.name)
      ? `${what} runs as a process: the default Python of this machine stands for ${source.name}.`
      : `${what} runs as a process in a local environment: ${source.name} cannot be had (${why}).`,
  );
  return { kind: "process" };
}

function processOf(order: LaunchOrder, source: ImageSource | null): EngineDecision {
  if (runsAsProcess(order)) return { kind: "process" };
  if (source !== null) throw imageUnavailable(order, source.name, "engine: process runs no images");
  throw new ServingError("DEPLOYMENT_FAILED", `${order.spec.name} brings nothing that could run.`, {
    field: "code_configuration",
    hint: "Give code_configuration with a scoring script, a command, or an environment with an image of its own server.",
  });
}

/** Whether there is a program besides the image's own: scripts of other languages need the image's interpreter. */
function runsAsProcess({ spec, code }: LaunchOrder): boolean {
  if (spec.command !== null) return true;
  return code !== null && spec.code_configuration?.scoring_script.endsWith(".py") === true;
}

function imageUnavailable({ spec }: LaunchOrder, image: string, why: string): ServingError {
  const hasScript = spec.code_configuration !== null;
  return new ServingError("IMAGE_UNAVAILABLE", `The image ${image} cannot be had: ${why}.`, {
    field: "environment.image",
    got: image,
    hint:
      `Either get it onto this machine (start Docker or podman, then build it, or \`docker pull ${image}\`, or allow pulling with --pull), ` +
      (hasScript
        ? "or bring a Python scoring script, which can run as a process."
        : "or bring a scoring script (code_configuration), which can run as a process."),
  });
}
