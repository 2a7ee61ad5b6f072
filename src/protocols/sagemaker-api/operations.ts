import { z } from "zod";
import { createEndpointConfigSchema } from "../../contracts/sagemaker/endpoint-config.ts";
import {
  createEndpointSchema,
  updateCapacitiesSchema,
  updateEndpointSchema,
} from "../../contracts/sagemaker/endpoint.ts";
import { createModelSchema, tagSchema } from "../../contracts/sagemaker/model.ts";
import type { HostedEndpoint } from "../../core/ports/hosted-endpoints.ts";
import type { Dated } from "../../core/ports/sagemaker-catalogue.ts";
import { type Operation, operation } from "./operation.ts";
import { type Listed, listSchema, pageOf } from "./paging.ts";
import { describeEndpoint, endpointSummary, seconds } from "./views.ts";

// Names of what is not there break no rule: the answer is that it could not be found.
const modelNamed = z.looseObject({ ModelName: z.string() });
const configNamed = z.looseObject({ EndpointConfigName: z.string() });
const endpointNamed = z.looseObject({ EndpointName: z.string() });

const modelOperations = {
  CreateModel: operation(createModelSchema, async ({ models }, input) => ({
    ModelArn: await models.create(input),
  })),
  DescribeModel: operation(modelNamed, async ({ models }, { ModelName }) => {
    const { document, createdAt } = await models.get(ModelName);
    return { ...document, ModelArn: models.arnOf(document.ModelName), CreationTime: seconds(createdAt) };
  }),
  DeleteModel: operation(modelNamed, async ({ models }, { ModelName }) => {
    await models.delete(ModelName);
    return {};
  }),
  ListModels: operation(listSchema, async ({ models }, query) => {
    const { items, ...rest } = pageOf(await models.list(), query, (item) =>
      dated(item, item.document.ModelName),
    );
    const Models = items.map(({ document: { ModelName }, createdAt }) => ({
      ModelName,
      ModelArn: models.arnOf(ModelName),
      CreationTime: seconds(createdAt),
    }));
    return { Models, ...rest };
  }),
} as const;

const configOperations = {
  CreateEndpointConfig: operation(createEndpointConfigSchema, async ({ configs }, input) => ({
    EndpointConfigArn: await configs.create(input),
  })),
  DescribeEndpointConfig: operation(configNamed, async ({ configs }, { EndpointConfigName }) => {
    const { document, createdAt } = await configs.get(EndpointConfigName);
    const arn = configs.arnOf(document.EndpointConfigName);
    return { ...document, EndpointConfigArn: arn, CreationTime: seconds(createdAt) };
  }),
  DeleteEndpointConfig: operation(configNamed, async ({ configs }, { EndpointConfigName }) => {
    await configs.delete(EndpointConfigName);
    return {};
  }),
  ListEndpointConfigs: operation(listSchema, async ({ configs }, query) => {
    const nameOf = (item: Awaited<ReturnType<typeof configs.get>>): Listed =>
      dated(item, item.document.EndpointConfigName);
    const { items, ...rest } = pageOf(await configs.list(), query, nameOf);
    const EndpointConfigs = items.map(({ document: { EndpointConfigName }, createdAt }) => ({
      EndpointConfigName,
      EndpointConfigArn: configs.arnOf(EndpointConfigName),
      CreationTime: seconds(createdAt),
    }));
    return { EndpointConfigs, ...rest };
  }),
} as const;

const endpointOperations = {
  CreateEndpoint: operation(
    createEndpointSchema,
    async ({ endpoints }, { EndpointName, EndpointConfigName, Tags = [] }) => ({
      EndpointArn: await endpoints.create(EndpointName, EndpointConfigName, Tags),
    }),
  ),
  DescribeEndpoint: operation(endpointNamed, async ({ endpoints }, { EndpointName }) =>
    describeEndpoint(await endpoints.get(EndpointName)),
  ),
  UpdateEndpoint: operation(updateEndpointSchema, async ({ endpoints }, change) => ({
    EndpointArn: await endpoints.update(change),
  })),
  UpdateEndpointWeightsAndCapacities: operation(
    updateCapacitiesSchema,
    async ({ endpoints }, { EndpointName, DesiredWeightsAndCapacities }) => ({
      EndpointArn: await endpoints.setCapacities(EndpointName, DesiredWeightsAndCapacities),
    }),
  ),
  DeleteEndpoint: operation(endpointNamed, async ({ endpoints }, { EndpointName }) => {
    await endpoints.delete(EndpointName);
    return {};
  }),
  ListEndpoints: operation(listSchema, async ({ endpoints }, query) => {
    const about = ({ name, createdAt, modifiedAt, status }: HostedEndpoint): Listed => ({
      name,
      createdAt,
      modifiedAt,
      status,
    });
    const { items, ...rest } = pageOf(await endpoints.list(), query, about);
    return { Endpoints: items.map(endpointSummary), ...rest };
  }),
} as const;

const resource = z.looseObject({ ResourceArn: z.string() });

const tagOperations = {
  AddTags: operation(
    resource.extend({ Tags: z.array(tagSchema) }),
    async ({ tags }, { ResourceArn, Tags }) => ({
      Tags: await tags.add(ResourceArn, Tags),
    }),
  ),
  ListTags: operation(resource, async ({ tags }, { ResourceArn }) => ({
    Tags: await tags.list(ResourceArn),
  })),
  DeleteTags: operation(
    resource.extend({ TagKeys: z.array(z.string()) }),
    async ({ tags }, { ResourceArn, TagKeys }) => {
      await tags.delete(ResourceArn, TagKeys);
      return {};
    },
  ),
} as const;

/** The operations of SageMaker's control plane that there are here, by their names. */
export const operations: ReadonlyMap<string, Operation> = new Map<string, Operation>(
  Object.entries({ ...modelOperations, ...configOperations, ...endpointOperations, ...tagOperations }),
);

function dated({ createdAt }: Dated<unknown>, name: string): Listed {
  return { name, createdAt, modifiedAt: createdAt, status: "" };
}
