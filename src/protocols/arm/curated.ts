import type { AzureReference } from "../../contracts/azureml/references.ts";
import { type AssetReference, environmentSpecSchema } from "../../contracts/control/assets.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { AssetOperations } from "../../core/ports/asset-operations.ts";

/**
 * Microsoft's own environments, which every workspace has without anybody registering them. Here they are registered
 * when a deployment first names one, under the name that older examples use, as the image that they are; what stands
 * for that image on this machine is the engines' business.
 */

export const curatedPrefix = "AzureML-";
/** The version that stands for the newest: `latest` would be whichever was registered last. */
export const newestCurated = "newest";

const images = "mcr.microsoft.com/azureml/curated";

/** Whether it is one of them: from Microsoft's registry, or by its older name. */
export function isAzures(reference: AzureReference): boolean {
  return reference.scope === "registry"
    ? /^azureml(-staging)?$/i.test(reference.registry)
    : reference.name.startsWith(curatedPrefix);
}

export async function registerCurated(assets: AssetOperations, reference: AssetReference): Promise<void> {
  const { name, version } = reference;
  if (!name.startsWith(curatedPrefix)) return;
  try {
    await assets.get("environments", name, version);
  } catch (error) {
    if (ServingError.from(error).code !== "ASSET_NOT_FOUND") throw error;
    const tag = version === newestCurated ? "latest" : version;
    const image = `${images}/${name.slice(curatedPrefix.length).toLowerCase()}:${tag}`;
    const spec = environmentSpecSchema.parse({ name, version, image, is_anonymous: true });
    await assets.create("environments", spec);
  }
}
