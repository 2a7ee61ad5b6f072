import type { ScorePlan } from "./arguments.ts";

const settings = [
  ["AZUREML_ENTRY_SCRIPT", "Entry Script Name"],
  ["AZUREML_MODEL_DIR", "Model Directory"],
  ["AZUREML_CONFIG_FILE", "Config File"],
  ["WORKER_COUNT", "Worker Count"],
  ["WORKER_TIMEOUT", "Worker Timeout (seconds)"],
  ["SERVER_PORT", "Server Port"],
  ["HEALTH_PORT", "Health Port"],
  ["AML_APP_INSIGHTS_ENABLED", "Application Insights Enabled"],
  ["AML_APP_INSIGHTS_KEY", "Application Insights Key"],
  ["HTTP_X_MS_SERVER_VERSION", "Inferencing HTTP server version"],
  ["AML_CORS_ORIGINS", "CORS for the specified origins"],
  ["SEPERATE_HEALTH_ENDPOINT", "Create dedicated endpoint for health"],
] as const;

/** What azmlinfsrv prints of its settings before it starts. */
export function settingsBanner({ variables, port, healthPort, notices }: ScorePlan, version: string): string {
  const lines = settings.map(([name, title]) => `${title}: ${shown(name, variables[name])}`);
  return [
    ...notices,
    "",
    `Azure ML Inferencing HTTP server v${version}`,
    "",
    "",
    "Server Settings",
    "---------------",
    ...lines,
    "",
    "",
    "Server Routes",
    "---------------",
    `Liveness Probe: GET   127.0.0.1:${String(healthPort ?? port)}/`,
    `Score:          POST  127.0.0.1:${String(port)}/score`,
    "",
    "",
  ].join("\n");
}

function shown(name: string, value: string | undefined): string {
  if (value === undefined) return "None";
  if (name === "AML_APP_INSIGHTS_KEY") return "AppInsights key provided";
  return name === "AML_CORS_ORIGINS" ? `Enabling CORS for ${value}` : value;
}
