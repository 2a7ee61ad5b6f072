import type { CreateEndpointConfig, EndpointConfig } from "../../contracts/sagemaker/endpoint-config.ts";
import type { CreateModel, HostedModel, Tag } from "../../contracts/sagemaker/model.ts";

/** A document that somebody made, and when: milliseconds of the epoch. */
export interface Dated<Document> {
  readonly document: Document;
  readonly createdAt: number;
}

/** SageMaker's models or endpoint configurations. All reject with a ServingError whose message AWS's clients know. */
export interface CatalogueOperations<Create, Document> {
  /** ALREADY_EXISTS where the name is taken. Durable when it resolves; gives the ARN. */
  create(document: Create): Promise<string>;
  /** ASSET_NOT_FOUND. */
  get(name: string): Promise<Dated<Document>>;
  list(): Promise<readonly Dated<Document>[]>;
  /** ASSET_NOT_FOUND. What runs with it goes on. */
  delete(name: string): Promise<void>;
  arnOf(name: string): string;
}

export type HostedModelOperations = CatalogueOperations<CreateModel, HostedModel>;
export type EndpointConfigOperations = CatalogueOperations<CreateEndpointConfig, EndpointConfig>;

/** Tags of models, configurations and endpoints, by ARN. */
export interface TagOperations {
  /** Replaces those of the same keys; gives all of them. ASSET_NOT_FOUND for an ARN of nothing. */
  add(arn: string, tags: readonly Tag[]): Promise<readonly Tag[]>;
  list(arn: string): Promise<readonly Tag[]>;
  delete(arn: string, keys: readonly string[]): Promise<void>;
}
