import { createServer, type RequestListener, type Server } from "node:http";
import { dirname, resolve } from "node:path";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Logger } from "../../core/ports/logger.ts";
import { scoringBackend, scoringListener } from "../../protocols/azmlinfsrv/index.ts";
import { PythonRuntime } from "../../runtimes/python/python-runtime.ts";
import type { ScoringInstance } from "../../runtimes/python/scoring.ts";
import { systemClock } from "../system-clock.ts";
import { CodeWatch } from "./code-watch.ts";
import { CurrentScript } from "./current-script.ts";
import { LogLines } from "./log-lines.ts";

export interface ScoreServerOptions {
  readonly interpreter: string;
  readonly appRoot: string;
  /** Working folder of the script. */
  readonly folder: string;
  readonly entryScript: string | null;
  readonly workers: number;
  /** The environment of the script's processes. */
  readonly variables: Readonly<Record<string, string>>;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** A port of its own for health probes, or null. */
  readonly healthPort: number | null;
  readonly serverVersion: string | null;
  /** Serves what is on disk again whenever it changes. */
  readonly reloads: boolean;
  readonly maxBodyBytes: number;
  /** Takes what is logged. */
  readonly write: (text: string) => void;
}

export interface ScoreServer {
  readonly port: number;
  /** Resolves when init() has returned; rejects with DEPLOYMENT_FAILED. */
  readonly started: Promise<void>;
  /** Resolves when the script cannot be run any longer. */
  readonly ended: Promise<string>;
  stop(options?: { readonly force?: boolean }): Promise<void>;
}

/** Calls under way get this long at the end. */
const drainMs = 30_000;
const headersTimeoutMs = 15_000;
const keepAliveTimeoutMs = 75_000;

/**
 * Serves one scoring script as azureml-inference-server-http does. Listens first, so that a taken port is told at once;
 * what comes before init() has returned waits for it.
 */
export async function startScoreServer(options: ScoreServerOptions): Promise<ScoreServer> {
  const clock = systemClock;
  const lines = new LogLines(options.write, clock);
  const runtime = new PythonRuntime({
    interpreter: options.interpreter,
    workers: 1,
    environment: process.env,
    clock,
    logger: quietLogger(lines),
    onRestart: () => undefined,
  });
  const script = new CurrentScript(() => startInstance(runtime, options, lines));
  const listener = listenerOf(script, { options, clock, lines });
  const servers: Server[] = [];
  try {
    for (const port of [options.port, ...(options.healthPort === null ? [] : [options.healthPort])]) {
      servers.push(await listen(listener, options.host, port));
    }
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }
  return run({ script, servers, runtime, options, lines, clock });
}

interface Parts {
  readonly script: CurrentScript;
  readonly servers: readonly Server[];
  readonly runtime: PythonRuntime;
  readonly options: ScoreServerOptions;
  readonly lines: LogLines;
  readonly clock: Clock;
}

function run({ script, servers, runtime, options, lines, clock }: Parts): ScoreServer {
  const ended = Promise.withResolvers<string>();
  const replace = async (): Promise<void> => {
    const instance = await script.replace();
    void instance.ended.then(({ reason }) => {
      if (script.isCurrent(instance)) ended.resolve(reason);
    });
  };
  const watch = options.reloads ? new CodeWatch(codeFolder(options), clock, reloader(replace, lines)) : null;
  let stopping: Promise<void> | null = null;
  const stop = async (force: boolean): Promise<void> => {
    watch?.stop();
    const closed = servers.map(closing);
    for (const server of servers) server.closeIdleConnections();
    await script.stop(force ? 0 : drainMs);
    for (const server of servers) server.closeAllConnections();
    await Promise.all(closed);
    await runtime.stop();
    lines.flush();
  };
  return {
    port: portOf(servers),
    started: replace(),
    ended: ended.promise,
    stop: ({ force = false } = {}) => {
      if (force) void script.stop(0);
      stopping ??= stop(force);
      return stopping;
    },
  };
}

function startInstance(
  runtime: PythonRuntime,
  { interpreter, appRoot, folder, entryScript, workers, variables, reloads }: ScoreServerOptions,
  lines: LogLines,
): Promise<ScoringInstance> {
  // An edit within the second that leaves the size as it was would go unseen beside a compiled file.
  const own = reloads ? { PYTHONDONTWRITEBYTECODE: "1" } : {};
  const launch = { interpreter, appRoot, folder, entryScript, workers, variables: { ...variables, ...own } };
  return runtime.startScoring(launch, (source, text) => {
    if (source === "hostler") lines.say("W", text);
    else lines.line(text);
  });
}

interface Wiring {
  readonly options: ScoreServerOptions;
  readonly clock: Clock;
  readonly lines: LogLines;
}

function listenerOf(script: CurrentScript, { options, clock, lines }: Wiring): RequestListener {
  const { serverVersion, maxBodyBytes } = options;
  const backend = scoringBackend(script, {
    clock,
    serverVersion,
    maxBodyBytes,
    access: (line) => {
      lines.access(line);
    },
    warn: (message) => {
      lines.say("W", message);
    },
  });
  const answer = scoringListener({ backend, clock, maxBodyBytes });
  const state = { isReady: false };
  void script.ready.then(() => (state.isReady = true));
  return (request, response) => {
    if (state.isReady) answer(request, response);
    else
      void script.ready.then(() => {
        answer(request, response);
      });
  };
}

/** Serves what is on disk now, one change after the other; what cannot be started is told, and changes nothing. */
function reloader(replace: () => Promise<void>, lines: LogLines): () => void {
  let last = Promise.resolve();
  return () => {
    last = last.then(async () => {
      lines.say("I", "The code has changed: starting it beside what is served.");
      try {
        await replace();
        lines.say("I", "The changed code is served.");
      } catch (error) {
        const { message } = ServingError.from(error);
        lines.say("E", `The changed code cannot be served, the former goes on: ${message}`);
      }
    });
  };
}

function codeFolder({ appRoot, entryScript }: ScoreServerOptions): string {
  return entryScript === null ? appRoot : dirname(resolve(appRoot, entryScript));
}

async function listen(listener: RequestListener, host: string, port: number): Promise<Server> {
  const server = createServer({ noDelay: true, headersTimeout: headersTimeoutMs }, listener);
  server.keepAliveTimeout = keepAliveTimeoutMs;
  const { promise, resolve: listening, reject } = Promise.withResolvers<undefined>();
  server.once("error", (error) => {
    const where = `${host}:${String(port)}`;
    const message = `Cannot listen on ${where}: ${error.message}`;
    reject(
      new ServingError("PORT_UNAVAILABLE", message, { where, hint: "Choose another port with --port." }),
    );
  });
  server.listen({ host, port, backlog: 4096 }, () => {
    listening(undefined);
  });
  await promise;
  return server;
}

function portOf([first]: readonly Server[]): number {
  const address = first?.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function closing(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => {
      done();
    });
  });
}

/** What the runtime says of its processes is of no use to somebody who knows azmlinfsrv, but when it goes wrong. */
function quietLogger(lines: LogLines): Logger {
  const silent = (): void => undefined;
  return {
    debug: silent,
    info: silent,
    warn: (message) => {
      lines.say("W", message);
    },
    error: (message, fields) => {
      lines.say("E", `${message} ${JSON.stringify(fields ?? {})}`);
    },
  };
}
