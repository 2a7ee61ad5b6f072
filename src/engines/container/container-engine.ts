import { z } from "zod";
import { ServingError } from "../../contracts/serving-error.ts";
import { Container, type ContainerLabel, type ContainerOrder, removeLabelled } from "./container.ts";
import { type EngineAddress, engineAddresses, usualSockets } from "./engine-address.ts";
import { EngineApi } from "./engine-api.ts";
import { type BuildOrder, buildImage, findImage, type ImageInfo, missingBase, pullImage } from "./images.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** An engine that builds on a busy machine takes seconds to answer; where there is none, nothing listens. */
const pingTimeoutMs = 15_000;
const whoAreYou = { method: "GET", path: "/version", isPing: true } as const;

/** An engine that answered, or where none did. */
export type EngineSearch =
  | { readonly kind: "found"; readonly engine: ContainerEngine }
  /** Each place with what was wrong there. */
  | { readonly kind: "none"; readonly looked: readonly string[] };

const versionSchema = z.object({
  Version: z.string(),
  Components: z.array(z.object({ Name: z.string() })).nullish(),
});

/** Docker, podman, or whatever else speaks the Docker Engine API. */
export class ContainerEngine {
  /** As `Podman Engine 4.3.1 at /run/podman/podman.sock`. */
  readonly name: string;
  readonly #api: EngineApi;

  private constructor(api: EngineApi, name: string) {
    this.#api = api;
    this.name = name;
  }

  /** Rejects when nothing answers there in that time. */
  static async connect(address: EngineAddress, patienceMs = pingTimeoutMs): Promise<ContainerEngine> {
    const api = await EngineApi.connect(address, patienceMs);
    try {
      const { Version, Components } = versionSchema.parse(await api.json(whoAreYou));
      return new ContainerEngine(api, `${Components?.[0]?.Name ?? "Engine"} ${Version} at ${address.from}`);
    } catch (error) {
      await api.stop();
      throw error;
    }
  }

  async isAlive(): Promise<boolean> {
    try {
      await this.#api.json(whoAreYou);
      return true;
    } catch {
      return false;
    }
  }

  /** Null for an image that is not on this machine. */
  image(name: string): Promise<ImageInfo | null> {
    return findImage(this.#api, name);
  }

  /** The first base image that a build lacks; null where it can be built from what is here. */
  missingBase(order: BuildOrder): Promise<string | null> {
    return missingBase(this.#api, order);
  }

  build(order: BuildOrder, onLine: (text: string) => void): Promise<void> {
    return buildImage(this.#api, order, onLine);
  }

  pull(name: string, onLine: (text: string) => void): Promise<void> {
    return pullImage(this.#api, name, onLine);
  }

  start(order: ContainerOrder): Promise<Container> {
    return Container.start(this.#api, order);
  }

  /** Removes every container with this label, as `key=value`, that has not the other one too; how many there were. */
  removeLabelled(label: string, but?: ContainerLabel): Promise<number> {
    return removeLabelled(this.#api, label, but);
  }

  /** Closes the connections; containers go on. */
  stop(): Promise<void> {
    return this.#api.stop();
  }
}

/** The first engine that answers: where DOCKER_HOST says, or in the usual places. */
export async function findContainerEngine(variables: Variables): Promise<EngineSearch> {
  let addresses: readonly EngineAddress[];
  try {
    addresses = engineAddresses(variables);
  } catch (error) {
    return { kind: "none", looked: [ServingError.from(error).message] };
  }
  const looked: string[] = [];
  for (const address of addresses) {
    try {
      return { kind: "found", engine: await ContainerEngine.connect(address) };
    } catch (error) {
      looked.push(`${address.from} (${ServingError.from(error).message})`);
    }
  }
  return { kind: "none", looked: addresses.length > 0 ? looked : usualSockets(variables) };
}

/** What to say where an engine is needed and there is none. */
export function noEngine(looked: readonly string[]): ServingError {
  return new ServingError(
    "ENGINE_UNAVAILABLE",
    `No container engine answers: looked at ${looked.join(", ")}.`,
    {
      hint: "Start Docker or podman (`podman system service`), or name its socket with DOCKER_HOST=unix:///path.",
    },
  );
}
