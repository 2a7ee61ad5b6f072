import { existsSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { EngineChoice } from "../../../contracts/control/deployment.ts";
import type { Override } from "../../../repositories/azureml/index.ts";
import { override } from "./read.ts";

/** Parts of a deployment that came as flags. */
export interface DeploymentFlags {
  readonly name: string | undefined;
  readonly endpointName: string | undefined;
  readonly model: string | undefined;
  readonly codeConfiguration: string | undefined;
  readonly scoringScript: string | undefined;
  readonly environment: string | undefined;
  readonly instanceType: string | undefined;
  readonly instanceCount: number | undefined;
  readonly engine: EngineChoice | undefined;
}

/** The same as a YAML file would say it. Paths of flags are relative to where the line was typed. */
export function overridesOf(flags: DeploymentFlags, cwd: string): readonly Override[] {
  return [
    ...override("--name", "name", flags.name),
    ...override("--endpoint-name", "endpoint_name", flags.endpointName),
    ...override("--model", "model", modelOf(flags.model, cwd)),
    ...codeOf(flags, cwd),
    ...override("--environment", "environment", environmentOf(flags.environment, cwd)),
    ...override("--instance-type", "instance_type", flags.instanceType),
    ...override("--instance-count", "instance_count", flags.instanceCount),
    ...override("--engine", "engine", flags.engine),
  ];
}

/** Whether any part but the names was given. */
export function hasParts(flags: DeploymentFlags): boolean {
  const { model, codeConfiguration, scoringScript, environment, engine } = flags;
  return [model, codeConfiguration, scoringScript, environment, engine].some((part) => part !== undefined);
}

function modelOf(model: string | undefined, cwd: string): unknown {
  if (model === undefined || isReference(model)) return model;
  return { path: resolve(cwd, model) };
}

function environmentOf(environment: string | undefined, cwd: string): string | undefined {
  if (environment === undefined || isReference(environment) || environment.startsWith("file:"))
    return environment;
  const path = resolve(cwd, environment);
  return existsSync(path) ? `file:${path}` : environment;
}

/** A script may be named below the code folder, or from where the line was typed; without a folder it brings its own. */
function codeOf({ codeConfiguration, scoringScript }: DeploymentFlags, cwd: string): readonly Override[] {
  if (codeConfiguration !== undefined && isReference(codeConfiguration)) {
    return codeOverrides(codeConfiguration, scoringScript);
  }
  if (codeConfiguration !== undefined) {
    const folder = resolve(cwd, codeConfiguration);
    return codeOverrides(folder, scoringScript === undefined ? undefined : below(folder, scoringScript, cwd));
  }
  if (scoringScript === undefined) return [];
  const path = resolve(cwd, scoringScript);
  return existsSync(path)
    ? codeOverrides(dirname(path), basename(path))
    : codeOverrides(undefined, scoringScript);
}

function codeOverrides(code: string | undefined, script: string | undefined): readonly Override[] {
  return [
    ...override("--code-configuration", "code_configuration.code", code),
    ...override("--scoring-script", "code_configuration.scoring_script", script),
  ];
}

function below(folder: string, script: string, cwd: string): string {
  const path = relative(folder, resolve(cwd, script));
  const isInside = path !== "" && !path.startsWith("..") && !isAbsolute(path);
  return isInside && (existsSync(join(folder, path)) || !existsSync(join(folder, script))) ? path : script;
}

function isReference(text: string): boolean {
  return text.startsWith("azureml:");
}
