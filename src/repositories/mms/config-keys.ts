/** The keys of `config.properties`, and what becomes of each here. */

/** Keys that change what hostler does. `MMS_<KEY>` overrides each of them where the file allows it. */
export const honouredKeys = [
  "inference_address",
  "management_address",
  "model_store",
  "load_models",
  "default_workers_per_model",
  "job_queue_size",
  "default_response_timeout",
  "default_response_timeout_seconds",
  "unregister_model_timeout",
  "number_of_gpu",
  "cors_allowed_origin",
  "cors_allowed_methods",
  "cors_allowed_headers",
  "decode_input_request",
  "max_request_size",
  "max_response_size",
  "default_service_handler",
  "blacklist_env_vars",
  "keystore",
  "keystore_pass",
  "keystore_type",
  "private_key_file",
  "certificate_file",
  "debug",
] as const;

export type ConfigKey = (typeof honouredKeys)[number];

/** Keys that have no effect, and why that is no loss. */
export const keysWithoutEffect: ReadonlyMap<string, string> = new Map([
  ["number_of_netty_threads", "one event loop serves all connections"],
  ["netty_client_threads", "one event loop serves all connections"],
  ["async_logging", "the log is always buffered"],
  ["preload_model", "each worker is forked from a process that has the frameworks already"],
  ["prefer_direct_buffer", "there is no Java heap to avoid"],
  ["plugins_path", "plugins are Java code; /ping and /execution-parameters are built in"],
  ["vmargs", "there is no Java virtual machine"],
  ["model_server_home", "hostler finds its own files"],
  ["use_native_io", "it always is"],
  ["io_ratio", "one event loop serves all connections"],
  ["metric_time_interval", "metrics are measured when they are asked for"],
]);

/** Read here, and never handed on: it decides whether variables count. */
export const enablesVariables = "enable_envvars_config";

/** TorchServe's: a list of patterns for the places that archives may be downloaded from. */
export const allowedUrls = "allowed_urls";
