import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Deployment, deploymentSpecSchema } from "../../contracts/control/deployment.ts";
import { type Endpoint, endpointSpecSchema } from "../../contracts/control/endpoint.ts";
import { modelSpecSchema } from "../../contracts/control/assets.ts";
import {
  type DeploymentName,
  deploymentNameSchema,
  type EndpointName,
  endpointNameSchema,
} from "../../contracts/control/names.ts";
import type { Actor } from "../../core/ports/endpoint-operations.ts";
import type { LaunchOrder } from "../../core/ports/instance-launcher.ts";
import { FakeLauncher, type FakeProgram } from "../../core/testing/fake-launcher.ts";
import { RecordingLogger } from "../../core/testing/recorders.ts";
import { VirtualClock } from "../../core/testing/virtual-clock.ts";
import { type ControlPlane, openControlPlane } from "../control-plane.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The virtual clock begins here, in milliseconds since 1970. */
const epochMs = Date.UTC(2026, 0, 1);

export const actor: Actor = { name: "a test" };
export const endpointName = (name: string): EndpointName => endpointNameSchema.parse(name);
export const deploymentName = (name: string): DeploymentName => deploymentNameSchema.parse(name);

/** A control plane on the virtual clock, with a real state folder and instances that only seem to run. */
export class PlaneRig {
  readonly clock = new VirtualClock();
  readonly logger = new RecordingLogger();
  readonly folder: string;
  readonly #about: (order: LaunchOrder) => Partial<FakeProgram>;
  #running: { readonly plane: ControlPlane; readonly launcher: FakeLauncher } | null = null;

  private constructor(folder: string, about: (order: LaunchOrder) => Partial<FakeProgram>) {
    this.folder = folder;
    this.#about = about;
  }

  static async open(about: (order: LaunchOrder) => Partial<FakeProgram> = () => ({})): Promise<PlaneRig> {
    const rig = new PlaneRig(await mkdtemp(join(tmpdir(), "hostler-plane-")), about);
    await rig.#open();
    return rig;
  }

  get plane(): ControlPlane {
    return this.#opened.plane;
  }

  get launcher(): FakeLauncher {
    return this.#opened.launcher;
  }

  get stateFolder(): string {
    return join(this.folder, "state");
  }

  /** Ends the plane as a stop does, and opens the state again. */
  async reopen(): Promise<void> {
    await this.clock.until(this.plane.stop({ force: true }));
    await this.#open();
  }

  async close(): Promise<void> {
    await this.clock.until(this.plane.stop({ force: true }));
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A file outside of the state; its path. */
  async file(path: string, text: string): Promise<string> {
    const whole = join(this.folder, "files", path);
    await mkdir(dirname(whole), { recursive: true });
    await writeFile(whole, text);
    return whole;
  }

  putEndpoint(name: string, fields: Fields = {}): Promise<Endpoint> {
    const spec = endpointSpecSchema.parse({ name, ...fields });
    return this.plane.endpoints.put(spec, { actor, create: false });
  }

  /** With an MLflow model, which needs neither code nor an environment. */
  async putDeployment(endpoint: string, name: string, fields: Fields = {}): Promise<Deployment> {
    await this.#ensureModel();
    const model = { name: "iris", version: "1" };
    const spec = deploymentSpecSchema.parse({ name, endpoint_name: endpoint, model, ...fields });
    return this.plane.deployments.put(spec, { actor, create: false });
  }

  /** Puts one and lets it start. */
  async deploy(endpoint: string, name: string, fields: Fields = {}): Promise<Deployment> {
    await this.putDeployment(endpoint, name, fields);
    await this.clock.advance(1_000);
    return this.deployment(endpoint, name);
  }

  deployment(endpoint: string, name: string): Promise<Deployment> {
    return this.plane.deployments.get(endpointName(endpoint), deploymentName(name));
  }

  setTraffic(endpoint: string, traffic: Readonly<Record<string, number>>): Promise<Endpoint> {
    return this.plane.endpoints.setTraffic(endpointName(endpoint), { traffic }, actor);
  }

  get #opened(): { readonly plane: ControlPlane; readonly launcher: FakeLauncher } {
    if (this.#running === null) throw new Error("The plane is not open.");
    return this.#running;
  }

  async #open(): Promise<void> {
    const { clock, logger, stateFolder } = this;
    const launcher = new FakeLauncher({ clock, about: this.#about });
    const plane = await openControlPlane({
      ...{ stateFolder, clock, logger, launcher },
      scoringBaseUrl: () => "http://127.0.0.1:8800",
      wallTime: () => epochMs + clock.now(),
    });
    this.#running = { plane, launcher };
    await plane.start();
  }

  async #ensureModel(): Promise<void> {
    const path = await this.file("model/MLmodel", "flavors: {}");
    const spec = modelSpecSchema.parse({
      name: "iris",
      version: "1",
      path: dirname(path),
      type: "mlflow_model",
    });
    await this.plane.assets.create("models", spec);
  }
}
