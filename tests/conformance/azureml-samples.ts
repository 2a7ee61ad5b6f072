/** Microsoft's public samples of online endpoints, and what is done with each script of theirs. */

export const samplesRepository = "https://github.com/Azure/azureml-examples";
/** The suite means this state of the samples; a newer one may need other answers. */
export const samplesCommit = "085cd6ea399038c1e07843acff811f34261c0887";

export interface RunnableSample {
  /** A script of the folder `cli`, run as it is. */
  readonly script: string;
  /** What it must print, in this order. */
  readonly prints: readonly (string | RegExp)[];
}

const predictions = String.raw`\[\s*11055\.977\d*,\s*4503\.079\d*\s*\]`;

export const runnableSamples: readonly RunnableSample[] = [
  {
    script: "deploy-custom-container-minimal-multimodel.sh",
    prints: [
      "Endpoint created successfully",
      "Deployment completed successfully",
      /"\{\\"0\\":\{\\"0\\":/,
      /"\{\\"0\\":\{\\"0\\":/,
    ],
  },
  {
    script: "deploy-custom-container-minimal-single-model.sh",
    prints: ["Scoring url is", new RegExp(predictions), new RegExp(predictions)],
  },
  {
    script: "deploy-managed-online-endpoint.sh",
    prints: [
      "Endpoint created successfully",
      "Deployment completed successfully",
      new RegExp(predictions),
      "Init complete",
    ],
  },
  {
    script: "deploy-safe-rollout-online-endpoints.sh",
    prints: [/"blue": 100/, /\[\s*[\d.]+,\s*[\d.]+\s*\]/, /"green": 10\b/, /"green": 100/],
  },
  {
    script: "deploy-moe-minimal-single-model-registered.sh",
    prints: ["Endpoint created successfully", "Deployment completed successfully", new RegExp(predictions)],
  },
  {
    script: "deploy-moe-openapi.sh",
    prints: [
      "Deployment completed successfully",
      new RegExp(predictions),
      /"swagger":\s*"2\.0"/,
      "Deployment completed successfully",
      new RegExp(predictions),
      /"swagger":\s*"2\.0"/,
    ],
  },
  {
    script: "deploy-moe-inference-schema.sh",
    prints: [
      "standard",
      "Deployment completed successfully",
      /"swagger":\s*"2\.0"/,
      "Deployment completed successfully",
      /"swagger":\s*"2\.0"/,
      "Deployment completed successfully",
      /"swagger":\s*"2\.0"/,
    ],
  },
  {
    script: "deploy-moe-binary-payloads.sh",
    prints: ["Endpoint created successfully", "Deployment completed successfully", /\[\[?\d/],
  },
];

/** Scripts that are not run, and why. */
export const otherSamples: Readonly<Record<string, string>> = {
  "deploy-custom-container-mlflow-multideployment-scikit.sh":
    "its deployments are images without a scoring script, built from Microsoft's registry: needs an engine and that registry",
  "deploy-custom-container-r-multimodel-plumber.sh": "an image with R from a registry",
  "deploy-custom-container-tfserving-half-plus-two-integrated.sh":
    "TensorFlow Serving's image from a registry",
  "deploy-custom-container-tfserving-half-plus-two.sh": "TensorFlow Serving's image from a registry",
  "deploy-custom-container-torchserve-densenet.sh":
    "TorchServe's image from a registry, and a download of weights",
  "deploy-custom-container-triton-single-model.sh":
    "Triton's image from a registry, and a download of weights",
  "deploy-local-endpoint.sh": "asks for Docker itself, beside az",
  "deploy-managed-online-endpoint-access-resource-sai.sh": "identities and storage of the cloud",
  "deploy-managed-online-endpoint-access-resource-uai.sh": "identities and storage of the cloud",
  "deploy-managed-online-endpoint-ncd.sh": "MLflow models without code: a later capability",
  "deploy-managed-online-endpoint-workspacevnet.sh": "virtual networks of the cloud",
  "deploy-mlcompute-create_with-system-identity.sh": "compute clusters, not endpoints",
  "deploy-mlcompute-update-to-system-identity.sh": "compute clusters, not endpoints",
  "deploy-mlcompute-update-to-user-identity.sh": "compute clusters, not endpoints",
  "deploy-moe-autoscale.sh": "az monitor autoscale, a service of the cloud",
  "deploy-moe-keyvault.sh": "Azure Key Vault",
  "deploy-moe-vnet-legacy.sh": "virtual networks of the cloud",
  "deploy-moe-vnet-mlflow-legacy.sh": "virtual networks of the cloud",
  "deploy-rest.sh": "uploads to Azure Storage with az storage",
  "deploy-safe-rollout-kubernetes-online-endpoints.sh": "needs an attached Kubernetes compute",
  "deploy-triton-managed-online-endpoint.sh": "Triton's image, and a download of weights",
};
