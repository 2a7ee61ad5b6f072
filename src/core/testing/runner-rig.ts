import { type DeploymentSpec, deploymentSpecSchema } from "../../contracts/control/deployment.ts";
import { DeploymentRunner, type RunnerOutcome } from "../instances/deployment-runner.ts";
import type { DeploymentTarget, Happening } from "../instances/instance-set.ts";
import type { InstanceLog } from "../ports/instance-launcher.ts";
import { LoadSlots } from "../residency/load-slots.ts";
import { DeploymentPool } from "../traffic/deployment-pool.ts";
import { FakeLauncher, type FakeProgram } from "./fake-launcher.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** Fields of a deployment's spec as a document has them. */
export type SpecFields = Readonly<Record<string, unknown>>;

function deploymentSpec(fields: SpecFields = {}): DeploymentSpec {
  return deploymentSpecSchema.parse({ name: "blue", endpoint_name: "shop", ...fields });
}

/** A deployment on the virtual clock, with instances that only seem to run. */
export class RunnerRig {
  readonly clock = new VirtualClock();
  readonly launcher: FakeLauncher;
  readonly pool: DeploymentPool;
  readonly runner: DeploymentRunner;
  readonly settled: { readonly revision: number; readonly outcome: RunnerOutcome }[] = [];
  readonly happenings: Happening[] = [];
  readonly lines: string[] = [];
  readonly #programs = new Map<number, Partial<FakeProgram>>();
  #revision = 0;

  constructor() {
    const { clock, lines } = this;
    this.launcher = new FakeLauncher({ clock, about: ({ revision }) => this.#programs.get(revision) ?? {} });
    const { endpoint_name: endpoint, name } = deploymentSpec();
    this.pool = new DeploymentPool({ endpoint, name, clock });
    const log: InstanceLog = {
      line: (ordinal, source, text) => lines.push(`${String(ordinal)} ${source} ${text}`),
    };
    this.runner = new DeploymentRunner({
      ...{ clock, log, launcher: this.launcher, pool: this.pool, slots: new LoadSlots(16) },
      events: {
        settled: ({ order }, outcome) => this.settled.push({ revision: order.revision, outcome }),
        happened: (happening) => this.happenings.push(happening),
      },
    });
  }

  /** Asks for a new revision, which behaves like this; the revision. */
  apply(program: Partial<FakeProgram> = {}, fields: SpecFields = {}, identity?: string): number {
    const target = this.target(program, fields, identity);
    this.runner.apply(target);
    return target.order.revision;
  }

  /** A target of a revision of its own; of the same identity as others where one is given. */
  target(program: Partial<FakeProgram> = {}, fields: SpecFields = {}, identity?: string): DeploymentTarget {
    this.#revision += 1;
    const revision = this.#revision;
    this.#programs.set(revision, program);
    const order = { spec: deploymentSpec(fields), revision, model: null, code: null, environment: null };
    return { order, identity: identity ?? `revision ${String(revision)}` };
  }

  /** States of the instances, as `ready ready`. */
  get states(): string {
    return this.runner.instances.map(({ state }) => state).join(" ");
  }

  /** As `1 succeeded, 2 failed`. */
  get outcomes(): string {
    return this.settled.map(({ revision, outcome }) => `${String(revision)} ${outcome.kind}`).join(", ");
  }

  /** Revisions of what runs, as `1 1 2`. */
  get running(): string {
    return [...this.launcher.instances].map(({ order }) => order.revision).join(" ");
  }

  /** What a failed revision gave as its reason. */
  reasonOf(revision: number): string {
    const found = this.settled.find((one) => one.revision === revision)?.outcome;
    return found?.kind === "failed" ? found.reason : "";
  }
}
