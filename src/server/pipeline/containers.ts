import { ServingError } from "../../contracts/serving-error.ts";
import { findContainerEngine, noEngine } from "../../engines/container/container-engine.ts";
import { connectBackend } from "../instances/start-backends.ts";
import type { Stage, StageSpec } from "./stage.ts";

export interface ContainersRequest {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Given to every container. */
  readonly containerVariables: Readonly<Record<string, string>>;
  /** Tells this pipeline's containers from all others; the same after it was killed, and nobody else's meanwhile. */
  readonly label: string;
  readonly allowsPull: boolean;
  readonly onLine: (name: string, source: "stdout" | "stderr", text: string) => void;
}

type StartContainer = (spec: StageSpec, position: number) => Promise<Stage>;

export interface Containers {
  readonly start: StartContainer;
  /** Closes the connections to the engine. */
  stop(): Promise<void>;
}

/** Each container of a pipeline listens on a port of its own, as there. */
const firstPort = 8080;
const safePorts = "12000-12999";
const modelFolder = "/opt/ml/model";
const pipelineLabel = "hostler.pipeline";

/** Starts containers the way SageMaker does: `serve`, the port in a variable, the model mounted read-only. */
export async function openContainers(request: ContainersRequest): Promise<Containers> {
  const search = await findContainerEngine(request.variables);
  if (search.kind === "none") throw noEngine(search.looked);
  const { engine } = search;
  // What a pipeline that was killed has left.
  await engine.removeLabelled(`${pipelineLabel}=${request.label}`);
  const start: StartContainer = async ({ name, runs }, position) => {
    if (runs.kind !== "container") throw new ServingError("INTERNAL", `${name} is no container.`);
    const { image, model } = runs;
    if ((await engine.image(image)) === null) {
      if (!request.allowsPull) throw notHere(image, engine.name);
      await engine.pull(image, (text) => {
        request.onLine(name, "stdout", text);
      });
    }
    const port = firstPort + position;
    const container = await engine.start({
      image,
      command: null,
      // As `docker run IMAGE serve`: for the entry point of the image.
      arguments: ["serve"],
      variables: {
        ...request.containerVariables,
        SAGEMAKER_BIND_TO_PORT: String(port),
        SAGEMAKER_SAFE_PORT_RANGE: safePorts,
      },
      mounts: model === null ? [] : [{ source: model, target: modelFolder }],
      ports: [port],
      labels: { [pipelineLabel]: request.label, "hostler.container": name },
      memoryBytes: null,
      cpus: null,
      onLine: (source, text) => {
        request.onLine(name, source, text);
      },
    });
    const connection = connectBackend({ host: "127.0.0.1", port: container.hostPort(port) });
    return {
      name,
      backend: connection.backend,
      target: "/invocations",
      where: `${image}, container ${container.shortId}`,
      ended: container.ended.then(({ code }) => ({
        reason: code === null ? "its container was removed" : `exit code ${String(code)}`,
        isHopeless: false,
      })),
      stop: async (graceMs) => {
        await connection.stop();
        await container.stop(graceMs);
      },
    };
  };
  return { start, stop: () => engine.stop() };
}

function notHere(image: string, engine: string): ServingError {
  return new ServingError("IMAGE_UNAVAILABLE", `The image ${image} is not on this machine (${engine}).`, {
    got: image,
    hint: `Build it under this name, get it with \`docker pull ${image}\`, or allow pulling with --pull.`,
  });
}
