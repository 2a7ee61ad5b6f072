import type { InferenceConfig } from "../../contracts/control/assets.ts";
import type {
  InstanceEnd,
  InstanceLog,
  LaunchedInstance,
  LaunchOrder,
  PreparedDeployment,
} from "../../core/ports/instance-launcher.ts";
import type { ContainerEnd } from "../../engines/container/container.ts";
import type { ContainerEngine } from "../../engines/container/container-engine.ts";
import { type ConnectBackend, openBackends } from "./http-instance.ts";
import { containerPaths } from "./instance-paths.ts";
import { portsOf, routesOf } from "./instance-routes.ts";
import { instanceVariables } from "./instance-variables.ts";
import { limitsOf } from "./limits.ts";

export interface ContainerDeploymentOptions {
  readonly order: LaunchOrder;
  readonly config: InferenceConfig;
  readonly image: string;
  readonly engine: ContainerEngine;
  /** Labels that say whose container it is. */
  readonly labels: Readonly<Record<string, string>>;
  readonly connect: ConnectBackend;
  readonly log: InstanceLog;
}

/** What shells and engines answer with where there is no such program. */
const hopelessCodes: ReadonlySet<number> = new Set([125, 126, 127]);
/** An exit code above it names a signal. */
const signalBase = 128;

/** Instances in containers: the image's own server, reached through published ports. */
export function prepareContainers(options: ContainerDeploymentOptions): PreparedDeployment {
  return {
    engine: "container",
    routes: routesOf(options.config),
    parallelCalls: null,
    isSingle: false,
    launch: (ordinal) => launch(options, ordinal),
    stop: () => Promise.resolve(),
  };
}

async function launch(options: ContainerDeploymentOptions, ordinal: number): Promise<LaunchedInstance> {
  const { order, config, image, engine, labels, connect, log } = options;
  const { paths, mounts } = containerPaths(order);
  const limits = limitsOf(order);
  const container = await engine.start({
    image,
    command: order.spec.command,
    variables: instanceVariables(order, paths, ordinal),
    mounts,
    ports: portsOf(config),
    labels: { ...labels, "hostler.instance": String(ordinal) },
    ...limits,
    onLine: (source, text) => {
      log.line(ordinal, source, text);
    },
  });
  const backends = openBackends(config, (port) => container.hostPort(port), connect);
  const ended = container.ended.then(async (end) => {
    await backends.stop();
    return describeEnd(end, limits.memoryBytes);
  });
  return {
    backend: backends.scoring,
    probe: backends.probe,
    ended,
    where: container.shortId,
    stop: async (graceMs) => {
      await container.stop(graceMs);
      await ended;
    },
  };
}

function describeEnd({ code, isOutOfMemory }: ContainerEnd, memoryBytes: number | null): InstanceEnd {
  if (isOutOfMemory) {
    const limit = memoryBytes === null ? "" : ` of ${String(Math.round(memoryBytes / 2 ** 20))} MiB`;
    return { reason: `it needed more memory than its limit${limit}`, isHopeless: false };
  }
  if (code === null) return { reason: "its container was removed", isHopeless: false };
  if (code > signalBase)
    return { reason: `killed by signal ${String(code - signalBase)}`, isHopeless: false };
  return { reason: `exit code ${String(code)}`, isHopeless: hopelessCodes.has(code) };
}
