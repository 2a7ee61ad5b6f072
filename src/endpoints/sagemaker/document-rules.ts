import type { EndpointConfig } from "../../contracts/sagemaker/endpoint-config.ts";
import type { ContainerDefinition, HostedModel } from "../../contracts/sagemaker/model.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import { allVariants } from "./endpoint-run.ts";
import { couldNotFind } from "./refusals.ts";

/** What a schema does not say of a model. @throws ServingError INVALID_REQUEST */
export function checkModel({ PrimaryContainer, Containers, InferenceExecutionConfig }: HostedModel): void {
  if (PrimaryContainer !== undefined && Containers !== undefined) {
    throw invalid("Containers", "You can specify either PrimaryContainer or Containers, not both.");
  }
  const containers = Containers ?? (PrimaryContainer === undefined ? [] : [PrimaryContainer]);
  if (containers.length === 0) {
    throw invalid("PrimaryContainer", "The model has no container: give PrimaryContainer or Containers.");
  }
  for (const container of containers) checkContainer(container);
  const many = containers.filter(({ Mode }) => Mode === "MultiModel");
  const isDirect = InferenceExecutionConfig?.Mode === "Direct";
  if (many.length > 1 && !isDirect)
    throw invalid("Containers", "At most one container of a pipeline can be of Mode MultiModel.");
  const names = containers.map(({ ContainerHostname }) => ContainerHostname);
  if (isDirect && names.some((name) => name === undefined)) {
    throw invalid(
      "ContainerHostname",
      "Every container needs a ContainerHostname where the containers are called directly.",
    );
  }
  const given = names.filter((name) => name !== undefined);
  if (new Set(given).size < given.length)
    throw invalid("ContainerHostname", "Two containers have the same ContainerHostname.");
}

function checkContainer({ Image, Mode, ModelDataUrl, ModelDataSource }: ContainerDefinition): void {
  if (ModelDataUrl !== undefined && ModelDataSource !== undefined) {
    throw invalid("ModelDataUrl", "You can specify either ModelDataUrl or ModelDataSource, not both.");
  }
  const hasData = ModelDataUrl !== undefined || ModelDataSource?.S3DataSource !== undefined;
  if (Mode === "MultiModel" && !hasData) {
    throw invalid(
      "ModelDataUrl",
      "A container of Mode MultiModel needs ModelDataUrl: what the names of its models begin with.",
    );
  }
  if (Image === undefined && !hasData)
    throw invalid("Image", "A container needs an Image, a ModelDataUrl, or both.");
}

/** What a schema does not say of a configuration. @throws ServingError INVALID_REQUEST, ASSET_NOT_FOUND */
export function checkConfig(config: EndpointConfig, hasModel: (name: string) => boolean): void {
  const variants = allVariants(config);
  const names = variants.map(({ VariantName }) => VariantName);
  if (new Set(names).size < names.length)
    throw invalid("VariantName", "Two variants have the same VariantName.");
  for (const { ModelName } of variants) if (!hasModel(ModelName)) throw couldNotFind("model", ModelName);
  const { AsyncInferenceConfig, ShadowProductionVariants } = config;
  if (AsyncInferenceConfig !== undefined && (ShadowProductionVariants ?? []).length > 0) {
    throw invalid("ShadowProductionVariants", "An asynchronous endpoint cannot have shadow variants.");
  }
}

function invalid(field: string, message: string): ServingError {
  return new ServingError("INVALID_REQUEST", message, { field });
}
