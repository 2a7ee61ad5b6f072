/** Fields that MLServer knows at the top of `model-settings.json`. */
export const modelFields = [
  "name",
  "implementation",
  "platform",
  "versions",
  "inputs",
  "outputs",
  "parallel_workers",
  "warm_workers",
  "max_batch_size",
  "max_batch_time",
  "parameters",
  "cache_enabled",
] as const;

/** Fields that MLServer knows in its `parameters`, where others are kept for the model's own use. */
export const parameterFields = [
  "uri",
  "version",
  "environment_path",
  "environment_tarball",
  "inference_pool_gid",
  "autogenerate_inference_pool_gid",
  "format",
  "content_type",
  "extra",
] as const;

/** Keys for people and editors rather than for the server. */
export function isAnnotation(key: string): boolean {
  return /^(?:\$|_|\/\/)/.test(key);
}
