/** The keys of `config.properties`, and what becomes of each here. */

/** Keys that change what hostler does. `MMS_<KEY>` overrides each of them where the file allows it. */
export const honouredKeys = [
  "inference_address",
  "management_address",
  "metrics_address",
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
  // TorchServe's:
  ["disable_token_authorization", "keys are those of HOSTLER_API_KEY"],
  ["enable_model_api", "models can always be registered: keys and addresses say by whom"],
  ["enable_metrics_api", "metrics are always there"],
  ["metrics_mode", "metrics are always there for Prometheus"],
  ["metrics_format", "metrics are always there for Prometheus"],
  ["metrics_config", "the names of the metrics are fixed"],
  ["grpc_inference_port", "there is no gRPC"],
  ["grpc_management_port", "there is no gRPC"],
  ["install_py_dep_per_model", "nothing is installed while models are served"],
  ["workflow_store", "there are no workflows"],
  ["model_snapshot", "what was registered is forgotten at the end"],
]);

/** Read here, and never handed on: it decides whether variables count. */
export const enablesVariables = "enable_envvars_config";

/** TorchServe's: a list of patterns for the places that archives may be downloaded from. */
export const allowedUrls = "allowed_urls";
