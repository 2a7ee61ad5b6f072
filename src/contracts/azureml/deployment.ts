import { z } from "zod";
import { engineChoices } from "../control/deployment.ts";
import { collectorFields } from "./data-collector.ts";
import { shortName } from "./endpoint.ts";
import { type InlineEnvironment, inlineEnvironmentFileSchema } from "./environment.ts";
import { type InlineModel, inlineModelFileSchema } from "./model.ts";
import { type AzureReference, looksLikeReference, parseReference } from "./references.ts";
import {
  anyCount,
  mapping,
  readOnly,
  remark,
  text,
  textLike,
  textMap,
  truth,
  wholeNumberFrom,
  word,
} from "./values.ts";

/** Something that is registered, and named. */
export interface Referred {
  readonly kind: "reference";
  readonly reference: AzureReference;
}

const referenceText = z
  .string()
  .meta({ pattern: "^(?:azureml|file):", description: "azureml:NAME:VERSION, or file: and a path." })
  .transform((given, context): Referred => {
    const parsed = parseReference(given);
    if (parsed.kind === "reference") return parsed;
    context.addIssue(remark(parsed, given));
    return z.NEVER;
  });

const model = z
  .union([referenceText, inlineModelFileSchema.transform((model) => ({ kind: "inline", model }) as const)], {
    error: "azureml:NAME:VERSION, or a mapping",
  })
  .meta({ description: "A registered model, or one that is defined here." });

const environment = z
  .union(
    [
      referenceText,
      inlineEnvironmentFileSchema.transform((environment) => ({ kind: "inline", environment }) as const),
    ],
    { error: "azureml:NAME:VERSION, or a mapping" },
  )
  .meta({
    description: "A registered environment, one that is defined here, or file: and the path of its YAML.",
  });

const code = z
  .string({ error: "a folder, or azureml:NAME:VERSION" })
  .min(1, { error: "a folder, or azureml:NAME:VERSION" })
  .transform((given, context) => {
    if (!looksLikeReference(given)) return { kind: "folder", path: given } as const;
    const parsed = parseReference(given);
    if (parsed.kind === "reference") return parsed;
    context.addIssue(remark(parsed, given));
    return z.NEVER;
  });

const codeConfiguration = mapping({
  $schema: readOnly,
  code: code.optional().meta({ description: "Folder of the scoring script, relative to this file." }),
  scoring_script: text.optional().meta({ description: "Below the folder." }),
}).superRefine((configuration, context) => {
  if (configuration.code === undefined || (configuration.scoring_script ?? "") !== "") return;
  const hint = "Name the file below the code folder as scoring_script.";
  context.addIssue(
    remark({ reason: "code without a scoring_script", hint }, configuration.scoring_script, [
      "scoring_script",
    ]),
  );
});

const probe = mapping({
  initial_delay: wholeNumberFrom(0, anyCount).optional().meta({ description: "Seconds; 10 if left out." }),
  period: wholeNumberFrom(1, anyCount).optional().meta({ description: "Seconds; 10 if left out." }),
  timeout: wholeNumberFrom(1, anyCount).optional().meta({ description: "Seconds; 2 if left out." }),
  success_threshold: wholeNumberFrom(1, anyCount).optional(),
  failure_threshold: wholeNumberFrom(1, anyCount).optional().meta({ description: "30 if left out." }),
});

const requestSettings = mapping({
  request_timeout_ms: wholeNumberFrom(0, anyCount)
    .optional()
    .meta({ description: "From the arrival of a call to the end of its answer; 5000 if left out or 0." }),
  max_concurrent_requests_per_instance: wholeNumberFrom(1, anyCount).optional(),
  max_queue_wait_ms: wholeNumberFrom(0, anyCount).optional(),
});

const scaleTypes = ["default", "target_utilization"] as const;
const scaleSettings = mapping({
  type: word(scaleTypes),
  min_instances: wholeNumberFrom(1, anyCount).optional(),
  max_instances: wholeNumberFrom(1, anyCount).optional(),
  polling_interval: wholeNumberFrom(1, anyCount).optional().meta({ description: "Seconds." }),
  target_utilization_percentage: wholeNumberFrom(1, 100).optional(),
}).superRefine(({ type, ...others }, context) => {
  if (type !== "default") return;
  for (const [key, value] of Object.entries(others)) {
    const reason = "is only for type: target_utilization";
    context.addIssue(remark({ reason, hint: "Remove it, or change the type." }, value, [key]));
  }
});

const quantities = mapping({
  cpu: text.optional(),
  memory: text.optional(),
  gpu: text.optional(),
  "nvidia.com/gpu": text.optional(),
}).transform(({ gpu, "nvidia.com/gpu": nvidia = gpu, ...others }): Record<string, string> => {
  const given = Object.entries({ ...others, "nvidia.com/gpu": nvidia });
  return Object.fromEntries(given.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
});

const command = z
  .union([z.string(), z.array(z.string())], { error: "a line for the shell, or a list of words" })
  .transform((given) => (typeof given === "string" ? ["/bin/sh", "-c", given] : given));

const deploymentFields = {
  $schema: readOnly,
  name: shortName,
  endpoint_name: shortName.meta({ description: "The endpoint that it belongs to." }),
  description: text.optional(),
  tags: textMap.optional(),
  properties: textMap.optional(),
  type: word(["managed", "kubernetes"]).optional(),
  model: model.optional(),
  model_mount_path: textLike(/^\//, "an absolute path")
    .optional()
    .meta({ description: "Where the model is, for a server in an image." }),
  code_configuration: codeConfiguration.optional(),
  environment: environment.optional(),
  environment_variables: textMap.optional(),
  engine: word(engineChoices).optional().meta({
    description: "auto (if left out): a container where its image can be had, else a process. Not in Azure.",
  }),
  command: command.optional().meta({
    description: "A server of your own, started instead of a scoring script. Not in Azure.",
  }),
  instance_type: text.optional().meta({ description: "Kept, without effect." }),
  instance_count: wholeNumberFrom(1, 50).optional(),
  scale_settings: scaleSettings.optional(),
  request_settings: requestSettings.optional(),
  liveness_probe: probe.optional().meta({ description: "Failing it restarts an instance." }),
  readiness_probe: probe.optional().meta({ description: "Failing it keeps calls away from an instance." }),
  app_insights_enabled: truth.optional().meta({ description: "Kept, without effect." }),
  data_collector: mapping(collectorFields).optional(),
  egress_public_network_access: word(["enabled", "disabled"])
    .optional()
    .meta({ description: "Kept, without effect." }),
  private_network_connection: truth.optional().meta({ description: "Has no effect." }),
  resources: mapping({ requests: quantities.optional(), limits: quantities.optional() })
    .optional()
    .meta({ description: "Kubernetes quantities: memory and cpu." }),
  id: text.optional().meta({ description: "Has no effect." }),
  provisioning_state: text.optional().meta({ description: "Has no effect." }),
  creation_context: readOnly,
};

/** Keys that only one of the two types has. */
const keysOfType = {
  managed: ["egress_public_network_access", "private_network_connection"],
  kubernetes: ["resources"],
} as const;

/** `az ml online-deployment create -f`. */
export const deploymentFileSchema = mapping(deploymentFields).superRefine((deployment, context) => {
  const type = deployment.type ?? "managed";
  const other = type === "managed" ? "kubernetes" : "managed";
  for (const key of keysOfType[other]) {
    if (deployment[key] === undefined) continue;
    const hint = `Remove it, or write type: ${other}.`;
    context.addIssue(remark({ reason: `is only for type: ${other}`, hint }, deployment[key], [key]));
  }
  if (type === "managed" && deployment.scale_settings?.type === "target_utilization") {
    const hint = "Write type: default, or type: kubernetes for the deployment.";
    const reason = "managed deployments take the scale settings of type default only";
    context.addIssue(remark({ reason, hint }, deployment.scale_settings.type, ["scale_settings", "type"]));
  }
  const tag = deployment.tags?.["hostler.engine"];
  if (tag !== undefined && !engineChoices.some((choice) => choice === tag)) {
    const reason = `expected ${engineChoices.join(", ")}, got ${JSON.stringify(tag)}`;
    context.addIssue(remark({ reason }, tag, ["tags", "hostler.engine"]));
  }
});

/** As it stands in the file. */
export type DeploymentFile = z.output<typeof deploymentFileSchema>;

/** As read: paths are absolute, the conda file is its content. */
export type DeploymentDocument = Omit<DeploymentFile, "model" | "environment"> & {
  readonly model?: Referred | { readonly kind: "inline"; readonly model: InlineModel } | undefined;
  readonly environment?:
    | Referred
    | { readonly kind: "inline"; readonly environment: InlineEnvironment }
    | undefined;
};
