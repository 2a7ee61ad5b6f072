/**
 * Azure's own images and curated environments hold a Python with the well-known packages, and the server that hostler
 * is here. Where they cannot be had they stand for the default environment of this machine.
 */
const curatedImages = [/^mcr\.microsoft\.com\/azureml\//, /^azureml:\/\/registries\/azureml\/environments\//];

export function isCurated(image: string): boolean {
  return curatedImages.some((pattern) => pattern.test(image));
}
