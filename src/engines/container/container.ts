import type { Readable } from "node:stream";
import { z } from "zod";
import { ServingError } from "../../contracts/serving-error.ts";
import { LineSplitter } from "../shared/line-splitter.ts";
import type { EngineApi } from "./engine-api.ts";
import { imagePath } from "./image-name.ts";
import { LogFrames } from "./log-frames.ts";

export interface Mount {
  /** Absolute, on this machine. */
  readonly source: string;
  /** Absolute, in the container. */
  readonly target: string;
}

export interface ContainerOrder {
  readonly image: string;
  /** Instead of the image's own command; null: unchanged. */
  readonly command: readonly string[] | null;
  /** What the image's own entry point is given instead of its usual arguments. */
  readonly arguments?: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  /** Mounted so that the container cannot write to them. */
  readonly mounts: readonly Mount[];
  /** TCP ports in the container that have to be reachable from this machine, and from nowhere else. */
  readonly ports: readonly number[];
  readonly labels: Readonly<Record<string, string>>;
  readonly memoryBytes: number | null;
  /** In whole and partial cores. */
  readonly cpus: number | null;
  readonly onLine: (source: "stdout" | "stderr", text: string) => void;
}

export interface ContainerEnd {
  readonly code: number | null;
  readonly isOutOfMemory: boolean;
}

export interface ContainerLabel {
  readonly name: string;
  readonly value: string;
}

const idSchema = z.object({ Id: z.string() });
const listedSchema = idSchema.extend({ Labels: z.record(z.string(), z.string()).nullish() });
const inspectSchema = z.object({
  State: z.object({
    Running: z.boolean(),
    ExitCode: z.int(),
    OOMKilled: z.boolean().nullish(),
    Error: z.string().nullish(),
  }),
  NetworkSettings: z.object({
    Ports: z.record(z.string(), z.array(z.object({ HostPort: z.string() })).nullable()).nullish(),
  }),
});

const shortIdLength = 12;
/** How a container ended that is not there to be asked. */
const removed: ContainerEnd = { code: null, isOutOfMemory: false };

/** A container that was started; it is removed when it has ended. */
export class Container {
  readonly id: string;
  /** Resolves when it has ended and all that it wrote has been given out. */
  readonly ended: Promise<ContainerEnd>;
  readonly #api: EngineApi;
  readonly #hostPorts: ReadonlyMap<number, number>;
  readonly #givenUp = Promise.withResolvers<ContainerEnd>();

  private constructor(
    api: EngineApi,
    id: string,
    started: { readonly ended: Promise<ContainerEnd>; readonly hostPorts: ReadonlyMap<number, number> },
  ) {
    this.id = id;
    this.ended = Promise.race([started.ended, this.#givenUp.promise]);
    this.#api = api;
    this.#hostPorts = started.hostPorts;
  }

  /** Creates and starts one; of one that cannot be started nothing is left. */
  static async start(api: EngineApi, order: ContainerOrder): Promise<Container> {
    const created = await api.json(
      { method: "POST", path: "/containers/create", json: creation(order) },
      [404],
    );
    if (created === null) {
      throw new ServingError("IMAGE_UNAVAILABLE", `The image ${order.image} is not on this machine.`);
    }
    const { Id: id } = idSchema.parse(created);
    try {
      await api.json({ method: "POST", path: `/containers/${id}/start` });
      const { State, NetworkSettings } = await inspect(api, id);
      const hostPorts = publishedPorts(NetworkSettings.Ports ?? {});
      // One that has ended already has no ports; its exit code says more than that.
      const missing = State.Running ? order.ports.find((port) => !hostPorts.has(port)) : undefined;
      if (missing !== undefined) throw unpublished(missing, id);
      return new Container(api, id, { ended: follow(api, id, order.onLine), hostPorts });
    } catch (error) {
      // Why it cannot run is worth more than why it cannot be removed.
      await remove(api, id).catch(() => undefined);
      throw error;
    }
  }

  /** As people know it. */
  get shortId(): string {
    return shortened(this.id);
  }

  /** The port of this machine that leads to one of the container's; 0, where nothing answers, of one that ended at once. */
  hostPort(port: number): number {
    return this.#hostPorts.get(port) ?? 0;
  }

  /**
   * Its stop signal, and SIGKILL after that time (which the engine counts in whole seconds). Never rejects: what an engine
   * can neither stop nor remove is given up, so that whoever waits for its end goes on.
   */
  async stop(graceMs: number): Promise<void> {
    const t = String(Math.ceil(graceMs / 1000));
    try {
      const path = `/containers/${this.id}/stop`;
      await this.#api.json({ method: "POST", path, query: { t } }, [304, 404, 409]);
    } catch {
      await remove(this.#api, this.id).catch(() => {
        this.#givenUp.resolve(removed);
      });
    }
    await this.ended;
  }
}

function shortened(id: string): string {
  return id.slice(0, shortIdLength);
}

function unpublished(port: number, id: string): ServingError {
  return new ServingError(
    "DEPLOYMENT_FAILED",
    `Port ${String(port)} of the container ${shortened(id)} was not published.`,
    { hint: "An image whose network is the host's or none cannot be reached." },
  );
}

/** Removes, running or not, every container with this label, but for those that have the other one too; how many there were. */
export async function removeLabelled(api: EngineApi, label: string, but?: ContainerLabel): Promise<number> {
  const filters = JSON.stringify({ label: [label] });
  const listed = await api.json({ method: "GET", path: "/containers/json", query: { all: "true", filters } });
  const found = z.array(listedSchema).parse(listed ?? []);
  const gone = but === undefined ? found : found.filter(({ Labels }) => Labels?.[but.name] !== but.value);
  await Promise.all(gone.map(({ Id }) => remove(api, Id)));
  return gone.length;
}

function creation(order: ContainerOrder): object {
  const exposed = Object.fromEntries(order.ports.map((port) => [`${String(port)}/tcp`, {}]));
  const bindings = Object.fromEntries(
    order.ports.map((port) => [`${String(port)}/tcp`, [{ HostIp: "127.0.0.1", HostPort: "" }]]),
  );
  return {
    Image: imagePath(order.image),
    // A command given as `Cmd` would be the arguments of the image's own entry point.
    ...(order.command === null ? {} : { Entrypoint: order.command, Cmd: [] }),
    ...(order.arguments === undefined ? {} : { Cmd: order.arguments }),
    Env: Object.entries(order.variables).map(([name, value]) => `${name}=${value}`),
    Labels: order.labels,
    ExposedPorts: exposed,
    HostConfig: {
      PortBindings: bindings,
      Mounts: order.mounts.map(({ source, target }) => ({
        Type: "bind",
        Source: source,
        Target: target,
        ReadOnly: true,
      })),
      RestartPolicy: { Name: "no" },
      ...(order.memoryBytes === null ? {} : { Memory: Math.round(order.memoryBytes) }),
      ...(order.cpus === null ? {} : { NanoCpus: Math.round(order.cpus * 1e9) }),
    },
  };
}

async function inspect(api: EngineApi, id: string): Promise<z.infer<typeof inspectSchema>> {
  return inspectSchema.parse(await api.json({ method: "GET", path: `/containers/${id}/json` }));
}

function publishedPorts(
  ports: Readonly<Record<string, readonly { readonly HostPort: string }[] | null>>,
): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const [key, bindings] of Object.entries(ports)) {
    const hostPort = Number(bindings?.[0]?.HostPort ?? "");
    if (hostPort > 0) found.set(Number(key.split("/")[0]), hostPort);
  }
  return found;
}

/** Passes its lines on until it ends, then removes it. Never rejects: an engine that goes away takes it along. */
async function follow(api: EngineApi, id: string, onLine: ContainerOrder["onLine"]): Promise<ContainerEnd> {
  const logs = followLogs(api, id, onLine).catch((error: unknown) => {
    onLine("stderr", `Its log can no longer be read: ${ServingError.from(error).message}`);
  });
  try {
    await api.json({
      method: "POST",
      path: `/containers/${id}/wait`,
      query: { condition: "not-running" },
    });
    await logs;
    const { State } = await inspect(api, id);
    return { code: State.ExitCode, isOutOfMemory: State.OOMKilled === true };
  } catch {
    // Somebody removed it, or the engine has stopped.
    return removed;
  } finally {
    await remove(api, id).catch(() => undefined);
  }
}

async function followLogs(api: EngineApi, id: string, onLine: ContainerOrder["onLine"]): Promise<void> {
  const stream: Readable = await api.stream({
    method: "GET",
    path: `/containers/${id}/logs`,
    query: { follow: "true", stdout: "true", stderr: "true" },
  });
  const lines = {
    stdout: new LineSplitter((text) => {
      onLine("stdout", text);
    }),
    stderr: new LineSplitter((text) => {
      onLine("stderr", text);
    }),
  };
  const frames = new LogFrames((source, data) => {
    lines[source].push(data);
  });
  for await (const chunk of stream) if (chunk instanceof Uint8Array) frames.push(chunk);
  lines.stdout.end();
  lines.stderr.end();
}

async function remove(api: EngineApi, id: string): Promise<void> {
  await api.json(
    { method: "DELETE", path: `/containers/${id}`, query: { force: "true", v: "true" } },
    [404, 409],
  );
}
