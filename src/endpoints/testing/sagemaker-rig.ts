import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEndpointConfigSchema } from "../../contracts/sagemaker/endpoint-config.ts";
import { createModelSchema } from "../../contracts/sagemaker/model.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { HostedEndpoint } from "../../core/ports/hosted-endpoints.ts";
import type { Invocation, InvocationOutcome } from "../../core/ports/hosted-runtime.ts";
import type { ObjectStore } from "../../core/ports/object-store.ts";
import { FakeContainerLauncher, type FakeContainerOptions } from "../../core/testing/fake-containers.ts";
import { FakeLauncher } from "../../core/testing/fake-launcher.ts";
import { RecordingLogger } from "../../core/testing/recorders.ts";
import { VirtualClock } from "../../core/testing/virtual-clock.ts";
import { type ControlPlane, openControlPlane } from "../control-plane.ts";
import type { SagemakerPlane } from "../sagemaker/index.ts";

const epochMs = Date.UTC(2026, 0, 1);

/** Objects that lie nowhere. */
class FakeObjects implements ObjectStore {
  readonly all = new Map<string, string>();
  /** How long reading takes. */
  readMs = 0;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  async read(url: string): Promise<Uint8Array> {
    if (this.readMs > 0) await new Promise<void>((resolve) => this.#clock.schedule(this.readMs, resolve));
    const found = this.all.get(url);
    if (found !== undefined) return Buffer.from(found);
    throw new ServingError("ASSET_NOT_FOUND", `There is no ${url}.`);
  }

  write(url: string, body: Uint8Array): Promise<void> {
    this.all.set(url, Buffer.from(body).toString());
    return Promise.resolve();
  }
}

interface Running {
  readonly plane: ControlPlane;
  readonly launcher: FakeContainerLauncher;
}

/** SageMaker's plane on the virtual clock, with a real state folder and containers that only seem to run. */
export class SagemakerRig {
  readonly clock = new VirtualClock();
  readonly objects = new FakeObjects(this.clock);
  readonly #folder: string;
  readonly #containers: Omit<FakeContainerOptions, "clock">;
  #running: Running | null = null;

  private constructor(folder: string, containers: Omit<FakeContainerOptions, "clock">) {
    this.#folder = folder;
    this.#containers = containers;
  }

  static async open(containers: Omit<FakeContainerOptions, "clock"> = {}): Promise<SagemakerRig> {
    const rig = new SagemakerRig(await mkdtemp(join(tmpdir(), "hostler-sagemaker-")), containers);
    await rig.#open();
    return rig;
  }

  get plane(): ControlPlane {
    return this.#opened.plane;
  }

  get launcher(): FakeContainerLauncher {
    return this.#opened.launcher;
  }

  get sagemaker(): SagemakerPlane {
    const { sagemaker } = this.plane;
    if (sagemaker === null) throw new Error("The plane has no SageMaker in it.");
    return sagemaker;
  }

  /** Ends the plane as a stop does, and opens the state again. */
  async reopen(): Promise<void> {
    await this.clock.until(this.plane.stop({ force: true }));
    await this.#open();
  }

  async close(): Promise<void> {
    await this.clock.until(this.plane.stop({ force: true }));
    await rm(this.#folder, { recursive: true, force: true });
  }

  async model(name: string, container: object = {}): Promise<string> {
    const PrimaryContainer = { Image: "image", ...container };
    return await this.sagemaker.models.create(createModelSchema.parse({ ModelName: name, PrimaryContainer }));
  }

  /** @param weights by variant; each runs the model of its name's first letter */
  async config(name: string, weights: Readonly<Record<string, number>>, more: object = {}): Promise<string> {
    const ProductionVariants = Object.entries(weights).map(([VariantName, InitialVariantWeight]) => ({
      ...{ VariantName, InitialVariantWeight },
      ModelName: VariantName.slice(0, 1),
      InitialInstanceCount: 1,
    }));
    const document = { EndpointConfigName: name, ProductionVariants, ...more };
    return await this.sagemaker.configs.create(createEndpointConfigSchema.parse(document));
  }

  /** Makes one of that configuration and lets it come up. */
  async endpoint(name: string, config: string): Promise<HostedEndpoint> {
    await this.sagemaker.endpoints.create(name, config, []);
    await this.clock.advance(100);
    return await this.sagemaker.endpoints.get(name);
  }

  /** Calls an endpoint, and waits for the outcome. */
  async call(endpoint: string, fields: Partial<Invocation> = {}): Promise<InvocationOutcome> {
    return await this.clock.until(this.begin(endpoint, fields));
  }

  begin(endpoint: string, fields: Partial<Invocation> = {}): Promise<InvocationOutcome> {
    const found = this.sagemaker.directory.find(endpoint);
    if (found === undefined) throw new Error(`There is no endpoint ${endpoint}.`);
    return found.invoke({
      headers: [],
      body: new Uint8Array(),
      targetModel: null,
      targetVariant: null,
      targetContainer: null,
      sessionId: null,
      timeoutMs: 60_000,
      ...fields,
    }).outcome;
  }

  get #opened(): Running {
    if (this.#running === null) throw new Error("The plane is not open.");
    return this.#running;
  }

  async #open(): Promise<void> {
    const { clock, objects } = this;
    const launcher = new FakeContainerLauncher({ clock, ...this.#containers });
    const plane = await openControlPlane({
      ...{ stateFolder: join(this.#folder, "state"), clock, logger: new RecordingLogger() },
      launcher: new FakeLauncher({ clock }),
      scoringBaseUrl: () => "http://127.0.0.1:8800",
      wallTime: () => epochMs + clock.now(),
      sagemaker: { launcher, objects, concurrentLoads: 2 },
    });
    this.#running = { plane, launcher };
    await plane.start();
  }
}
