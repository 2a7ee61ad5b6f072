import { ServingError } from "../../contracts/serving-error.ts";
import type { Backend, BackendCall, BackendRequest } from "../ports/backend.ts";
import type { Clock } from "../ports/clock.ts";
import type {
  InstanceEnd,
  InstanceLauncher,
  InstanceLog,
  LaunchedInstance,
  LaunchOrder,
  PreparedDeployment,
} from "../ports/instance-launcher.ts";

/** How the instances of a deployment behave. */
export interface FakeProgram {
  readonly prepareMs: number;
  readonly prepareFailure: ServingError | null;
  readonly launchMs: number;
  readonly launchFailure: ServingError | null;
  /** Counted from the launch; null: never. */
  readonly readyAfterMs: number | null;
  /** Ends by itself after this time; null: never. */
  readonly endsAfterMs: number | null;
  readonly end: InstanceEnd;
  readonly isSingle: boolean;
  readonly parallelCalls: number | null;
  readonly stopMs: number;
}

const goodProgram: FakeProgram = {
  prepareMs: 5,
  prepareFailure: null,
  launchMs: 5,
  launchFailure: null,
  readyAfterMs: 20,
  endsAfterMs: null,
  end: { reason: "exit code 3", isHopeless: false },
  isSingle: false,
  parallelCalls: 1,
  stopMs: 5,
};

export interface FakeLauncherOptions {
  readonly clock: Clock;
  readonly about?: (order: LaunchOrder) => Partial<FakeProgram>;
}

/** Starts instances that exist on the test's clock only. */
export class FakeLauncher implements InstanceLauncher {
  /** Running now, in the order they were launched. */
  readonly instances = new Set<FakeInstance>();
  /** Prepared and not given back. */
  prepared = 0;
  launches = 0;
  preparations = 0;
  readonly #options: FakeLauncherOptions;

  constructor(options: FakeLauncherOptions) {
    this.#options = options;
  }

  async prepare(order: LaunchOrder, log: InstanceLog): Promise<PreparedDeployment> {
    const { clock, about = () => ({}) } = this.#options;
    const program: FakeProgram = { ...goodProgram, ...about(order) };
    this.preparations += 1;
    await passed(clock, program.prepareMs);
    if (program.prepareFailure !== null) throw program.prepareFailure;
    this.prepared += 1;
    let isPrepared = true;
    return {
      engine: "process",
      routes: { liveness: "/live", readiness: "/ready", scoring: "/score" },
      parallelCalls: program.parallelCalls,
      isSingle: program.isSingle,
      launch: async (ordinal, abandoned) => {
        await passedOrAbandoned(clock, program.launchMs, abandoned);
        if (program.launchFailure !== null) throw program.launchFailure;
        this.launches += 1;
        log.line(ordinal, "stdout", `revision ${String(order.revision)} begins`);
        return new FakeInstance({ clock, order, ordinal, program, launcher: this });
      },
      stop: () => {
        if (isPrepared) this.prepared -= 1;
        isPrepared = false;
        return Promise.resolve();
      },
    };
  }

  /** The instances of a revision, in the order of their numbers. */
  of(revision: number): readonly FakeInstance[] {
    return [...this.instances]
      .filter(({ order }) => order.revision === revision)
      .sort((a, b) => a.ordinal - b.ordinal);
  }
}

interface FakeInstanceOptions {
  readonly clock: Clock;
  readonly order: LaunchOrder;
  readonly ordinal: number;
  readonly program: FakeProgram;
  readonly launcher: FakeLauncher;
}

/** An instance that a test can make sick or end. */
export class FakeInstance implements LaunchedInstance {
  readonly order: LaunchOrder;
  readonly ordinal: number;
  readonly where: string;
  readonly ended: Promise<InstanceEnd>;
  readonly backend: Backend;
  isReady = false;
  isAlive = true;
  probes = 0;
  readonly #options: FakeInstanceOptions;
  readonly #end: (end: InstanceEnd) => void;

  constructor(options: FakeInstanceOptions) {
    const { clock, order, ordinal, program, launcher } = options;
    this.#options = options;
    this.order = order;
    this.ordinal = ordinal;
    this.where = `fake ${String(launcher.launches)}`;
    const { promise, resolve } = Promise.withResolvers<InstanceEnd>();
    this.ended = promise;
    this.#end = resolve;
    this.backend = answering(() => 200);
    launcher.instances.add(this);
    if (program.readyAfterMs !== null) {
      clock.schedule(program.readyAfterMs, () => {
        this.isReady = true;
      });
    }
    if (program.endsAfterMs !== null) {
      clock.schedule(program.endsAfterMs, () => {
        this.die(program.end);
      });
    }
  }

  get isRunning(): boolean {
    return this.#options.launcher.instances.has(this);
  }

  probe(kind: "liveness" | "readiness"): Backend {
    return answering(() => {
      this.probes += 1;
      const isWell = kind === "liveness" ? this.isAlive : this.isReady;
      return isWell ? 200 : 503;
    });
  }

  die(end: InstanceEnd = this.#options.program.end): void {
    this.#options.launcher.instances.delete(this);
    this.#end(end);
  }

  async stop(graceMs: number): Promise<void> {
    const { clock, program } = this.#options;
    if (!this.isRunning) return;
    await passed(clock, Math.min(graceMs, program.stopMs));
    this.die({ reason: "stopped", isHopeless: false });
  }
}

/** A backend that answers at once, with a status and no body. */
function answering(status: (request: BackendRequest) => number): Backend {
  return {
    address: null,
    call: (request): BackendCall => ({
      outcome: Promise.resolve({
        kind: "answered",
        status: status(request),
        headers: [],
        body: new Uint8Array(),
      }),
      cancel: () => undefined,
    }),
  };
}

function passedOrAbandoned(clock: Clock, ms: number, abandoned: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.schedule(ms, resolve);
    void abandoned.then(() => {
      timer.cancel();
      reject(new ServingError("SHUTTING_DOWN", "The launch was called off."));
    });
  });
}

function passed(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.schedule(ms, resolve);
  });
}
