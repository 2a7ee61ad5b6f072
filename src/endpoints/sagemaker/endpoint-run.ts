import type { EndpointConfig, ProductionVariant } from "../../contracts/sagemaker/endpoint-config.ts";
import type { EndpointPlan, VariantCapacity } from "../../contracts/sagemaker/endpoint.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { HostedVariant, VariantMetrics } from "../../core/ports/hosted-endpoints.ts";
import type { Invocation, InvocationOutcome, InvocationRun } from "../../core/ports/hosted-runtime.ts";
import type { ContainerLauncher } from "../../core/ports/model-container.ts";
import type { LogBook } from "../log-book.ts";
import { Cancellation } from "./container-call.ts";
import { ShadowTurns, VariantTurns } from "./turns.ts";
import { VariantRun } from "./variant-run.ts";
import { wholeBody } from "./whole-body.ts";

export interface EndpointRunOptions {
  readonly endpoint: string;
  readonly plan: EndpointPlan;
  readonly launcher: ContainerLauncher;
  readonly clock: Clock;
  readonly log: LogBook;
  readonly concurrentLoads: number;
}

/** What runs for an endpoint: its variants, and which of them answers a call. */
export class EndpointRun {
  readonly #variants: ReadonlyMap<string, VariantRun>;
  readonly #config: EndpointConfig;
  #plan: EndpointPlan;
  #turns: VariantTurns;
  #shadows: ReadonlyMap<string, ShadowTurns>;

  private constructor(options: EndpointRunOptions) {
    const { plan, ...rest } = options;
    this.#plan = plan;
    this.#config = plan.config;
    this.#variants = new Map(
      allVariants(plan.config).map((variant) => {
        const model = plan.models[variant.ModelName];
        if (model === undefined)
          throw new ServingError("INTERNAL", `A plan lacks its model ${variant.ModelName}.`);
        return [variant.VariantName, new VariantRun({ ...rest, variant, model })];
      }),
    );
    this.#turns = turnsOf(plan);
    this.#shadows = shadowsOf(plan);
  }

  /** Resolves when every instance is up; rejects with why one is not, and nothing is left then. */
  static async start(options: EndpointRunOptions): Promise<EndpointRun> {
    const run = new EndpointRun(options);
    try {
      await run.#setInstances(options.plan);
      return run;
    } catch (error) {
      await run.stop(0);
      throw error;
    }
  }

  get plan(): EndpointPlan {
    return this.#plan;
  }

  /** Asynchronous calls at once. */
  get asyncCalls(): number {
    const { ClientConfig } = this.#config.AsyncInferenceConfig ?? {};
    const instances = [...this.#variants.values()].reduce((sum, variant) => sum + variant.instances, 0);
    return (ClientConfig?.MaxConcurrentInvocationsPerInstance ?? 4) * Math.max(1, instances);
  }

  /** Rejects where an instance cannot be started; weights take effect when all are there. */
  async setCapacities(plan: EndpointPlan): Promise<void> {
    await this.#setInstances(plan);
    this.#plan = plan;
    this.#turns = turnsOf(plan);
    this.#shadows = shadowsOf(plan);
  }

  invoke(invocation: Invocation): InvocationRun {
    const cancellation = new Cancellation();
    const name = invocation.targetVariant ?? this.#turns.next();
    const variant = name === null ? undefined : this.#variants.get(name);
    if (variant === undefined || (name !== null && this.#isShadow(name))) {
      return {
        outcome: Promise.resolve({ kind: "refused", error: noVariant(name) }),
        cancel: () => undefined,
      };
    }
    const outcome = variant.invoke(invocation, cancellation);
    this.#copy(invocation, outcome);
    return {
      outcome,
      cancel: () => {
        cancellation.cancel();
      },
    };
  }

  describe(): readonly HostedVariant[] {
    return describeVariants(this.#plan).map((variant) => {
      const run = this.#variants.get(variant.name);
      return { ...variant, instances: run?.instances ?? 0, images: run?.images ?? [] };
    });
  }

  metrics(): readonly VariantMetrics[] {
    return [...this.#variants.values()].map((variant) => variant.metrics());
  }

  async stop(graceMs: number): Promise<void> {
    await Promise.all([...this.#variants.values()].map((variant) => variant.stop(graceMs)));
  }

  async #setInstances({ capacities }: EndpointPlan): Promise<void> {
    const all = [...this.#variants].map(([name, run]) => run.setInstances(capacities[name]?.instances ?? 1));
    // All of them, so that none is still being started when the first has failed.
    const failed = (await Promise.allSettled(all)).find((one) => one.status === "rejected");
    if (failed !== undefined) throw ServingError.from(failed.reason, "DEPLOYMENT_FAILED");
  }

  #isShadow(name: string): boolean {
    return this.#shadows.has(name);
  }

  /** Shadows get their copies once the live call is on its way; what they answer is thrown away. */
  #copy(invocation: Invocation, live: Promise<InvocationOutcome>): void {
    for (const [name, turns] of this.#shadows) {
      if (turns.next()) void live.then(() => this.#askShadow(name, invocation));
    }
  }

  async #askShadow(name: string, invocation: Invocation): Promise<void> {
    const outcome = await this.#variants
      .get(name)
      ?.invoke({ ...invocation, targetVariant: name }, new Cancellation());
    // Read to its end, as a caller would; nobody waits for it.
    if (outcome?.kind === "answered") await wholeBody(outcome.body).catch(() => undefined);
  }
}

/** The variants as they are wanted, before any of them runs. */
export function describeVariants({ config, capacities }: EndpointPlan): readonly HostedVariant[] {
  const shadows = new Set((config.ShadowProductionVariants ?? []).map(({ VariantName }) => VariantName));
  return allVariants(config).map(({ VariantName }) => {
    const { weight, instances } = capacities[VariantName] ?? { weight: 1, instances: 1 };
    const isShadow = shadows.has(VariantName);
    return { name: VariantName, isShadow, weight, desiredInstances: instances, instances: 0, images: [] };
  });
}

export function allVariants({
  ProductionVariants,
  ShadowProductionVariants,
}: EndpointConfig): readonly ProductionVariant[] {
  return [...ProductionVariants, ...(ShadowProductionVariants ?? [])];
}

/** As a configuration asks for it. */
export function capacitiesOf(config: EndpointConfig): Readonly<Record<string, VariantCapacity>> {
  return Object.fromEntries(
    allVariants(config).map(({ VariantName, InitialVariantWeight, InitialInstanceCount }) => [
      VariantName,
      { weight: InitialVariantWeight ?? 1, instances: InitialInstanceCount ?? 1 },
    ]),
  );
}

function turnsOf({ config, capacities }: EndpointPlan): VariantTurns {
  return new VariantTurns(
    Object.fromEntries(
      config.ProductionVariants.map(({ VariantName }) => [VariantName, capacities[VariantName]?.weight ?? 1]),
    ),
  );
}

function shadowsOf({ config, capacities }: EndpointPlan): ReadonlyMap<string, ShadowTurns> {
  const weightOf = (name: string): number => capacities[name]?.weight ?? 1;
  const production = config.ProductionVariants.reduce(
    (sum, { VariantName }) => sum + weightOf(VariantName),
    0,
  );
  return new Map(
    (config.ShadowProductionVariants ?? []).map(({ VariantName }) => [
      VariantName,
      new ShadowTurns(production === 0 ? 0 : weightOf(VariantName) / production),
    ]),
  );
}

function noVariant(name: string | null): ServingError {
  if (name === null)
    return new ServingError("INVALID_REQUEST", "No variant of the endpoint has any weight.", {
      field: "DesiredWeight",
    });
  return new ServingError("INVALID_REQUEST", `Variant ${name} not found for Request.`, {
    field: "TargetVariant",
    got: name,
  });
}
