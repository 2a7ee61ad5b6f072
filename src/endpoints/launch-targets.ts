import { existsSync } from "node:fs";
import { join, normalize } from "node:path";
import type { AssetKind, AssetReference } from "../contracts/control/assets.ts";
import type { DeploymentSpec } from "../contracts/control/deployment.ts";
import { ServingError } from "../contracts/serving-error.ts";
import type { DeploymentTarget } from "../core/instances/instance-set.ts";
import type { AssetRecord, AssetTarget } from "./records.ts";

/** Finds the asset that a version or a label stands for. @throws ServingError ASSET_NOT_FOUND */
export interface AssetResolver {
  resolve<K extends AssetKind>(kind: K, target: AssetTarget): AssetRecord<K>;
}

interface NamedAssets {
  readonly model: AssetRecord<"models"> | null;
  readonly code: AssetRecord<"codes"> | null;
  readonly environment: AssetRecord<"environments"> | null;
}

/**
 * The spec with a version for every label that it names, checked for what can be known before anything starts.
 *
 * @throws ServingError ASSET_NOT_FOUND, or INVALID_REQUEST for a deployment that could never run
 */
export function pinned(spec: DeploymentSpec, assets: AssetResolver): DeploymentSpec {
  const named = assetsOf(spec, assets);
  checkProgram(spec, named);
  checkScript(spec, named);
  const { model, code, environment } = named;
  const { code_configuration } = spec;
  return {
    ...spec,
    model: referenceTo(model),
    environment: referenceTo(environment),
    code_configuration:
      code === null || code_configuration === null
        ? null
        : { ...code_configuration, code: { name: code.asset.name, version: code.asset.version } },
  };
}

/** What is to run for a spec. @throws ServingError ASSET_NOT_FOUND */
export function targetOf(spec: DeploymentSpec, revision: number, assets: AssetResolver): DeploymentTarget {
  const { model, code, environment } = assetsOf(spec, assets);
  return {
    order: {
      spec,
      revision,
      model: model?.asset ?? null,
      code: code?.asset ?? null,
      environment: environment?.asset ?? null,
    },
    identity: identityOf(spec, { model, code, environment }),
  };
}

function assetsOf(spec: DeploymentSpec, assets: AssetResolver): NamedAssets {
  const find = <K extends AssetKind>(kind: K, reference: AssetReference | null): AssetRecord<K> | null =>
    reference === null ? null : assets.resolve(kind, reference);
  return {
    model: find("models", spec.model),
    code: find("codes", spec.code_configuration?.code ?? null),
    environment: find("environments", spec.environment),
  };
}

/**
 * Everything that an instance is started with. Assets go in by their content, so that the same files under a new version
 * restart nothing; what takes effect in a running instance is left out.
 */
function identityOf(spec: DeploymentSpec, { model, code, environment }: NamedAssets): string {
  return JSON.stringify([
    model === null ? null : [model.asset.name, model.digest],
    spec.model_mount_path,
    code === null ? null : [code.digest, spec.code_configuration?.scoring_script],
    spec.command,
    environment?.digest ?? null,
    Object.entries(spec.environment_variables).sort(([a], [b]) => (a < b ? -1 : 1)),
    spec.app_insights_enabled,
    spec.data_collector,
    spec.egress_public_network_access,
    spec.resources,
    spec.type,
    spec.engine,
  ]);
}

/** Azure's `MissingDriverProgram`. */
function checkProgram({ command }: DeploymentSpec, { model, code, environment }: NamedAssets): void {
  const needsNoCode = model !== null && model.asset.type !== "custom_model";
  const bringsServer = command !== null || (environment?.asset.inference_config ?? null) !== null;
  if (code !== null || needsNoCode || bringsServer) return;
  throw new ServingError("INVALID_REQUEST", "Nothing says how the model is to be served.", {
    field: "code_configuration",
    expected: "a scoring script, an environment with inference_config, or an MLflow or Triton model",
    got: "none of them",
    hint: "Add code_configuration with code and scoring_script; for an image with a server of its own, add inference_config to the environment.",
  });
}

function checkScript({ code_configuration }: DeploymentSpec, { code }: NamedAssets): void {
  if (code === null || code_configuration === null) return;
  const field = "code_configuration.scoring_script";
  const script = normalize(code_configuration.scoring_script);
  if (script.startsWith("..") || script.startsWith("/")) {
    throw ServingError.invalidField(field, "a path below the code folder", code_configuration.scoring_script);
  }
  if (existsSync(join(code.asset.path, script))) return;
  throw ServingError.invalidField(field, "a file of the code folder", code_configuration.scoring_script);
}

function referenceTo(record: AssetRecord<"models" | "environments"> | null): AssetReference | null {
  return record === null ? null : { name: record.asset.name, version: record.asset.version };
}
