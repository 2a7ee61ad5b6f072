import { type EndpointConfig, endpointConfigSchema } from "../../contracts/sagemaker/endpoint-config.ts";
import { type HostedModel, hostedModelSchema } from "../../contracts/sagemaker/model.ts";
import type { SagemakerRecords } from "../sagemaker-records.ts";
import { AsyncCallRows } from "./async-call-rows.ts";
import type { Database } from "./database.ts";
import { DocumentRows } from "./document-rows.ts";
import { HostedEndpointRows } from "./hosted-endpoint-rows.ts";
import { TagRows } from "./tag-rows.ts";

/** What SageMaker's control plane keeps. */
export class SagemakerRows implements SagemakerRecords {
  readonly models: DocumentRows<HostedModel>;
  readonly configs: DocumentRows<EndpointConfig>;
  readonly endpoints: HostedEndpointRows;
  readonly tags: TagRows;
  readonly asyncCalls: AsyncCallRows;

  constructor(database: Database) {
    this.models = new DocumentRows(database, "sagemaker_models", hostedModelSchema);
    this.configs = new DocumentRows(database, "sagemaker_endpoint_configs", endpointConfigSchema);
    this.endpoints = new HostedEndpointRows(database);
    this.tags = new TagRows(database);
    this.asyncCalls = new AsyncCallRows(database);
  }
}
