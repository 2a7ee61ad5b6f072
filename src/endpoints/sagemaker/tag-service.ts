import type { Tag } from "../../contracts/sagemaker/model.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { TagOperations } from "../../core/ports/sagemaker-catalogue.ts";
import { attempt } from "../shared/attempt.ts";
import type { SagemakerStore } from "../sagemaker-records.ts";
import { type ArnKind, resourceOf } from "./arns.ts";
import { couldNotFind } from "./refusals.ts";

const mostTags = 50;

/** Tags of whatever has an ARN. */
export class TagService implements TagOperations {
  readonly #store: SagemakerStore;

  constructor(store: SagemakerStore) {
    this.#store = store;
  }

  add(arn: string, tags: readonly Tag[]): Promise<readonly Tag[]> {
    return attempt(() => {
      const resource = this.#resource(arn);
      const rows = this.#store.sagemaker.tags;
      return this.#store.transaction(() => {
        rows.put(resource, tags);
        const all = rows.of(resource);
        if (all.length <= mostTags) return all;
        throw new ServingError("INVALID_REQUEST", `${arn} can have ${String(mostTags)} tags at most.`, {
          field: "Tags",
        });
      });
    });
  }

  list(arn: string): Promise<readonly Tag[]> {
    return attempt(() => this.#store.sagemaker.tags.of(this.#resource(arn)));
  }

  delete(arn: string, keys: readonly string[]): Promise<void> {
    return attempt(() => {
      this.#store.sagemaker.tags.delete(this.#resource(arn), keys);
    });
  }

  /** ARNs have names in lower case, and names that differ in nothing else are one to them. */
  #resource(arn: string): string {
    const resource = resourceOf(arn);
    if (resource === null)
      throw ServingError.invalidField(
        "ResourceArn",
        "the ARN of a model, endpoint configuration or endpoint",
        arn.slice(0, 256),
      );
    const { kind, name } = resource;
    const isThere = this.#names(kind).some((one) => one.toLowerCase() === name.toLowerCase());
    if (!isThere) throw couldNotFind(kind, name);
    return `${kind}/${name.toLowerCase()}`;
  }

  #names(kind: ArnKind): readonly string[] {
    const { models, configs, endpoints } = this.#store.sagemaker;
    switch (kind) {
      case "model":
        return models.all().map(({ document }) => document.ModelName);
      case "endpoint-config":
        return configs.all().map(({ document }) => document.EndpointConfigName);
      case "endpoint":
        return endpoints.all().map(({ name }) => name);
    }
  }
}
