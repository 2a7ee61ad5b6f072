import type { Comparison } from "../../contracts/control/measurements.ts";
import type { ControlEvent, Endpoint, Revision } from "../../contracts/control/endpoint.ts";
import type { Rollout, RolloutSpec } from "../../contracts/control/rollout.ts";
import type { EndpointHistory, RolloutOperations } from "../../core/ports/endpoint-operations.ts";
import { FakeControlPlane } from "../../core/testing/fake-control-plane.ts";
import { type ControlContext, registerControl } from "../../protocols/control/index.ts";
import { createApp } from "../../server/http-app.ts";

/** The real control API on a free port, before a control plane in memory in which nothing runs. */
export interface ControlStub extends AsyncDisposable {
  readonly url: string;
  readonly plane: FakeControlPlane;
  readonly history: FakeHistory;
  readonly rollouts: FakeRollouts;
  /** As `PUT /api/endpoints/a`. */
  readonly seen: readonly string[];
}

export async function startControl(given: Partial<ControlContext> = {}): Promise<ControlStub> {
  const plane = new FakeControlPlane();
  const history = new FakeHistory(plane);
  const rollouts = new FakeRollouts();
  const seen: string[] = [];
  const app = createApp();
  app.addHook("onRequest", (request, _reply, done) => {
    seen.push(`${request.method} ${request.url}`);
    done();
  });
  const { assets, endpoints, deployments, keys } = plane;
  const about = { name: "hostler", version: "0", url: "", controlUrl: "", tlsUrl: "" };
  registerControl(app, {
    ...{ assets, endpoints, deployments, keys, history, rollouts },
    about: () => about,
    host: "127.0.0.1",
    adminKeySha256: null,
    ...given,
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return { url, plane, history, rollouts, seen, [Symbol.asyncDispose]: () => app.close() };
}

class FakeHistory implements EndpointHistory {
  readonly #plane: FakeControlPlane;
  readonly undone: (number | null)[] = [];
  compared: Comparison | null = null;

  constructor(plane: FakeControlPlane) {
    this.#plane = plane;
  }

  events(): Promise<readonly ControlEvent[]> {
    const common = { at: "2026-01-01T00:00:00.000Z", deployment: null } as const;
    return Promise.resolve([
      { ...common, reason: "EndpointCreated", message: "It was created.", level: "info" },
      { ...common, reason: "InstanceFailed", message: "exit code 3", level: "error" },
    ]);
  }

  revisions(): Promise<readonly Revision[]> {
    const diff = [{ path: "traffic.green", before: 0, after: 20 }];
    const one = { revision: 2, at: "2026-01-01T00:00:00.000Z", who: "hostler ml", what: "traffic", diff };
    return Promise.resolve([one]);
  }

  async undo(...[name, revision]: Parameters<EndpointHistory["undo"]>): Promise<Endpoint> {
    this.undone.push(revision);
    return await this.#plane.endpoints.get(name);
  }

  async metrics(name: Parameters<EndpointHistory["metrics"]>[0]): ReturnType<EndpointHistory["metrics"]> {
    const deployments = await this.#plane.deployments.list(name);
    const tally = { requests: 7, errors: 1, p50_ms: 1.25, p95_ms: 3, p99_ms: null };
    return deployments.map((deployment) => ({
      deployment: deployment.name,
      traffic: 100,
      in_flight: 1,
      queued: 0,
      total: { ...tally, requests: 70 },
      last_minute: tally,
    }));
  }

  comparison(): Promise<Comparison | null> {
    return Promise.resolve(this.compared);
  }
}

class FakeRollouts implements RolloutOperations {
  /** What each question about it is answered with, the last one for ever. */
  states: Partial<Rollout>[] = [{}];
  readonly cancelled: boolean[] = [];
  #rollout: Rollout | null = null;

  start(_name: string, spec: RolloutSpec): Promise<Rollout> {
    this.#rollout = {
      ...spec,
      state: "running",
      step: 0,
      before: { blue: 100 },
      started_at: "2026-01-01T00:00:00.000Z",
      ended_at: null,
      reason: null,
    };
    return Promise.resolve(this.#rollout);
  }

  get(): Promise<Rollout | null> {
    const change = this.states.length > 1 ? this.states.shift() : this.states[0];
    if (this.#rollout !== null) this.#rollout = { ...this.#rollout, ...change };
    return Promise.resolve(this.#rollout);
  }

  async cancel(name: string, { undo }: { readonly undo: boolean }): Promise<Rollout> {
    this.cancelled.push(undo);
    const { rolloutSpecSchema } = await import("../../contracts/control/rollout.ts");
    const rollout = this.#rollout ?? (await this.start(name, rolloutSpecSchema.parse({ to: "green" })));
    return { ...rollout, state: "cancelled" };
  }
}
