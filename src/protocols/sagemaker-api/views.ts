import type { HostedEndpoint, HostedVariant } from "../../core/ports/hosted-endpoints.ts";

/** AWS's timestamps: seconds since 1970, with a fraction. */
export function seconds(ms: number): number {
  return ms / 1000;
}

export function endpointSummary({ name, arn, createdAt, modifiedAt, status }: HostedEndpoint): object {
  return {
    EndpointName: name,
    EndpointArn: arn,
    CreationTime: seconds(createdAt),
    LastModifiedTime: seconds(modifiedAt),
    EndpointStatus: status,
  };
}

export function describeEndpoint(endpoint: HostedEndpoint): object {
  const { configName, failureReason, plan, variants, createdAt } = endpoint;
  const { AsyncInferenceConfig } = plan.config;
  const shadows = variants.filter(({ isShadow }) => isShadow);
  const view = (variant: HostedVariant): object => describeVariant(variant, createdAt);
  return {
    ...endpointSummary(endpoint),
    EndpointConfigName: configName,
    ProductionVariants: variants.filter(({ isShadow }) => !isShadow).map(view),
    ...(shadows.length === 0 ? {} : { ShadowProductionVariants: shadows.map(view) }),
    ...(failureReason === null ? {} : { FailureReason: failureReason }),
    ...(AsyncInferenceConfig === undefined ? {} : { AsyncInferenceConfig }),
  };
}

function describeVariant(
  { name, weight, instances, desiredInstances, images }: HostedVariant,
  resolvedAt: number,
): object {
  return {
    VariantName: name,
    CurrentWeight: weight,
    DesiredWeight: weight,
    CurrentInstanceCount: instances,
    DesiredInstanceCount: desiredInstances,
    DeployedImages: images.map(({ specified, resolved }) => ({
      SpecifiedImage: specified,
      ResolvedImage: resolved,
      ResolutionTime: seconds(resolvedAt),
    })),
  };
}
