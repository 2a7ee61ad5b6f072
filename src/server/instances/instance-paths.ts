import { basename, dirname, join, posix } from "node:path";
import { ServingError } from "../../contracts/serving-error.ts";
import type { LaunchOrder } from "../../core/ports/instance-launcher.ts";
import type { Mount } from "../../engines/container/container.ts";
import { type ApplicationPaths, azureFolder, type InstancePaths } from "./instance-variables.ts";

/** Paths on this machine, for processes. */
export function localPaths(order: LaunchOrder): InstancePaths {
  return {
    modelFolder: order.model === null ? null : dirname(order.model.path),
    application: order.code === null ? null : applicationBelow(order, order.code.path),
  };
}

/** Paths in a container, and what has to be mounted so that they are true. */
export function containerPaths(order: LaunchOrder): {
  readonly paths: InstancePaths;
  readonly mounts: readonly Mount[];
} {
  const model = modelMount(order);
  const codeTarget = order.code === null ? null : posix.join(azureFolder, basename(order.code.path));
  const mounts = model === null ? [] : [model.mount];
  if (order.code !== null && codeTarget !== null) {
    mounts.push({ source: order.code.path, target: codeTarget });
  }
  const application = codeTarget === null ? null : applicationBelow(order, codeTarget);
  return { paths: { modelFolder: model?.folder ?? null, application }, mounts };
}

/** Where Azure mounts the model, whether or not it is a container. */
export function azureModelFolder({ model, spec }: LaunchOrder): string | null {
  if (model === null) return null;
  const parent = spec.model_mount_path ?? posix.join(azureFolder, "azureml-models");
  return posix.join(parent, model.name, model.version);
}

/**
 * A model that has a name is found below it and its version. One without, at a mount path of the deployment's own, lies
 * there directly: that is how Triton wants its repository.
 */
function modelMount(order: LaunchOrder): { readonly folder: string; readonly mount: Mount } | null {
  const { model, spec } = order;
  const folder = azureModelFolder(order);
  if (model === null || folder === null) return null;
  const mountPath = spec.model_mount_path;
  if (mountPath !== null && model.is_anonymous) {
    return { folder: mountPath, mount: { source: dirname(model.path), target: mountPath } };
  }
  return { folder, mount: { source: dirname(model.path), target: folder } };
}

function applicationBelow({ spec }: LaunchOrder, codeFolder: string): ApplicationPaths {
  const script = spec.code_configuration?.scoring_script ?? "";
  const path = posix.normalize(script.replaceAll("\\", "/"));
  if (path.startsWith("../") || posix.isAbsolute(path)) {
    throw new ServingError(
      "INVALID_DOCUMENT",
      `The scoring script ${script} lies outside of the code folder.`,
      {
        field: "code_configuration.scoring_script",
      },
    );
  }
  const folder = posix.dirname(path);
  const isNested = folder !== ".";
  return {
    root: isNested ? join(codeFolder, folder) : codeFolder,
    source: isNested ? codeFolder : null,
    script: posix.basename(path),
  };
}
