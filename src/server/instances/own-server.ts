import { delimiter } from "node:path";
import type { InferenceConfig } from "../../contracts/control/assets.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type {
  InstanceEnd,
  InstanceLog,
  LaunchedInstance,
  LaunchOrder,
  PreparedDeployment,
} from "../../core/ports/instance-launcher.ts";
import type { LocalEnvironment } from "../../engines/process/environments/local-environments.ts";
import { GuardedProcess, type ProcessEnd, type ProcessHost } from "../../engines/process/guarded-process.ts";
import type { PortBook } from "../../engines/process/port-book.ts";
import { pythonProgram } from "../../engines/shared/python-program.ts";
import { type ConnectBackend, openBackends } from "./http-instance.ts";
import { azureModelFolder, localPaths } from "./instance-paths.ts";
import { portsOf, routesOf } from "./instance-routes.ts";
import { instanceVariables } from "./instance-variables.ts";
import { limitsOf } from "./limits.ts";

export interface OwnServerOptions {
  readonly order: LaunchOrder;
  readonly config: InferenceConfig;
  readonly environment: LocalEnvironment;
  readonly host: ProcessHost;
  /** hostler's own variables: a process inherits them. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Where a command without code runs. */
  readonly workFolder: string;
  readonly ports: PortBook;
  readonly connect: ConnectBackend;
  readonly log: InstanceLog;
}

/** Stands for the scoring port in a command. */
const portToken = "{port}";
/** With which a script says that starting it again cannot help, and shells that there is no such program. */
const hopelessCodes: ReadonlySet<number> = new Set([79, 126, 127]);

/** A server of the user's own, as a process: a command, or a script that listens on a port itself. */
export function prepareOwnServer(options: OwnServerOptions): PreparedDeployment {
  const { order, config, log } = options;
  const fixed = portsOf(config).filter((port) => !isRemappable(port, options));
  const isSingle = fixed.length > 0;
  if (isSingle && order.spec.instance_count > 1) {
    log.line(null, "hostler", `Only one instance can run: ${remedy(fixed)}`);
  }
  return {
    engine: "process",
    routes: routesOf(config),
    parallelCalls: null,
    isSingle,
    launch: (ordinal) => launch(options, ordinal),
    stop: () => Promise.resolve(),
  };
}

async function launch(options: OwnServerOptions, ordinal: number): Promise<LaunchedInstance> {
  const { config, ports, connect, log } = options;
  const assigned = await assignPorts(options);
  const release = (): void => {
    for (const port of assigned.values()) ports.release(port);
  };
  try {
    const running = await GuardedProcess.start(
      {
        ...programOf(options, { ordinal, assigned }),
        memoryBytes: limitsOf(options.order).memoryBytes,
        onLine: (source, text) => {
          log.line(ordinal, source, text);
        },
      },
      options.host,
    );
    const backends = openBackends(config, (port) => assigned.get(port) ?? port, connect);
    const ended = running.ended.then(async (end) => {
      release();
      await backends.stop();
      return describeEnd(end);
    });
    return {
      backend: backends.scoring,
      probe: backends.probe,
      ended,
      where: String(running.pid),
      stop: async (graceMs) => {
        await running.stop(graceMs);
        await ended;
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** Which port of this machine stands for each of the routes' ports: itself, where it is free. */
async function assignPorts(options: OwnServerOptions): Promise<ReadonlyMap<number, number>> {
  const { config, ports, log } = options;
  const assigned = new Map<number, number>();
  for (const port of portsOf(config)) {
    if (await ports.take(port)) {
      assigned.set(port, port);
      continue;
    }
    if (!isRemappable(port, options)) {
      const message = `${ports.describe(port)}, and the deployment's program knows no other.`;
      for (const taken of assigned.values()) ports.release(taken);
      throw new ServingError("PORT_UNAVAILABLE", message.replace(/^p/, "P"), { hint: remedy([port]) });
    }
    const other = await ports.takeAny();
    log.line(null, "hostler", `${ports.describe(port)}: port ${String(other)} is used instead.`);
    assigned.set(port, other);
  }
  return assigned;
}

function remedy(ports: readonly number[]): string {
  const [port = 0] = ports;
  return (
    `the program listens on port ${ports.join(" and ")} whatever happens. Let it take its port from a variable ` +
    `(environment_variables: PORT: "${String(port)}") or from its command (${portToken}), and any free one will do.`
  );
}

/** Whether the program learns its port from us. */
function isRemappable(port: number, { order, config }: OwnServerOptions): boolean {
  const isInCommand = order.spec.command?.some((word) => word.includes(portToken)) === true;
  if (isInCommand && port === config.scoring_route.port) return true;
  return Object.values(order.spec.environment_variables).includes(String(port));
}

function programOf(
  options: OwnServerOptions,
  { ordinal, assigned }: { readonly ordinal: number; readonly assigned: ReadonlyMap<number, number> },
): Pick<Parameters<typeof GuardedProcess.start>[0], "command" | "folder" | "variables"> {
  const { order, config, environment, workFolder } = options;
  const { command } = order.spec;
  const paths = localPaths(order);
  const scoringPort = String(assigned.get(config.scoring_route.port) ?? config.scoring_route.port);
  const words =
    command === null
      ? [environment.interpreter, "-u", pythonProgram("own_server.py"), "run"]
      : command.map((word) => word.replaceAll(portToken, scoringPort));
  const own = localised(instanceVariables(order, paths, ordinal), {
    order,
    modelFolder: paths.modelFolder,
    assigned,
  });
  return {
    command: words,
    folder: command === null ? (paths.application?.root ?? workFolder) : (order.code?.path ?? workFolder),
    variables: { ...processVariables(options.variables, environment), ...own },
  };
}

/** What a process inherits: programs of its environment first, and each printed line at once. */
function processVariables(
  variables: Readonly<Record<string, string | undefined>>,
  { programs }: LocalEnvironment,
): Readonly<Record<string, string | undefined>> {
  const path = [programs, variables["PATH"] ?? ""].filter((folder) => folder !== "").join(delimiter);
  return { ...variables, PATH: path, PYTHONUNBUFFERED: "1" };
}

/** Values that mean a place in a container, or a port, mean the ones of this instance here. */
function localised(
  variables: Readonly<Record<string, string>>,
  {
    order,
    modelFolder,
    assigned,
  }: {
    readonly order: LaunchOrder;
    readonly modelFolder: string | null;
    readonly assigned: ReadonlyMap<number, number>;
  },
): Readonly<Record<string, string>> {
  const mounted = azureModelFolder(order);
  const entries = Object.entries(variables).map(([name, value]): [string, string] => {
    const port = assigned.get(Number(value));
    if (port !== undefined && name in order.spec.environment_variables) return [name, String(port)];
    return [name, mounted === null || modelFolder === null ? value : value.replaceAll(mounted, modelFolder)];
  });
  return Object.fromEntries(entries);
}

function describeEnd({ code, signal }: ProcessEnd): InstanceEnd {
  if (signal !== null) return { reason: `killed by ${signal}`, isHopeless: false };
  return { reason: `exit code ${String(code)}`, isHopeless: code !== null && hopelessCodes.has(code) };
}
