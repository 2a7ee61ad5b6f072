import type { EndpointConfig, CreateEndpointConfig } from "../../contracts/sagemaker/endpoint-config.ts";
import type { CreateModel, HostedModel, Tag } from "../../contracts/sagemaker/model.ts";
import type { CatalogueOperations, Dated } from "../../core/ports/sagemaker-catalogue.ts";
import { attempt } from "../shared/attempt.ts";
import type { DocumentRecords, SagemakerStore } from "../sagemaker-records.ts";
import { type ArnKind, arnOf } from "./arns.ts";
import { checkConfig, checkModel } from "./document-rules.ts";
import { alreadyThere, couldNotFind } from "./refusals.ts";

interface CatalogueOptions<Create, Document> {
  readonly store: SagemakerStore;
  readonly kind: Exclude<ArnKind, "endpoint">;
  readonly rows: DocumentRecords<Document>;
  readonly wallTime: () => number;
  /** The document's name, tags and what is kept of it. @throws ServingError INVALID_REQUEST */
  readonly take: (create: Create) => {
    readonly name: string;
    readonly tags: readonly Tag[];
    readonly document: Document;
  };
}

class Catalogue<Create, Document> implements CatalogueOperations<Create, Document> {
  readonly #options: CatalogueOptions<Create, Document>;

  constructor(options: CatalogueOptions<Create, Document>) {
    this.#options = options;
  }

  create(create: Create): Promise<string> {
    return attempt(() => {
      const { store, kind, rows, wallTime, take } = this.#options;
      const { name, tags, document } = take(create);
      store.transaction(() => {
        if (rows.find(name) !== undefined) throw alreadyThere(kind, name);
        rows.insert(name, { document, createdAt: wallTime() });
        store.sagemaker.tags.put(`${kind}/${name.toLowerCase()}`, tags);
      });
      return arnOf(kind, name);
    });
  }

  get(name: string): Promise<Dated<Document>> {
    return attempt(() => {
      const found = this.#options.rows.find(name);
      if (found === undefined) throw couldNotFind(this.#options.kind, name);
      return found;
    });
  }

  list(): Promise<readonly Dated<Document>[]> {
    return attempt(() => this.#options.rows.all());
  }

  delete(name: string): Promise<void> {
    return attempt(() => {
      const { store, kind, rows } = this.#options;
      if (rows.find(name) === undefined) throw couldNotFind(kind, name);
      store.transaction(() => {
        rows.delete(name);
        store.sagemaker.tags.deleteAll(`${kind}/${name.toLowerCase()}`);
      });
    });
  }

  arnOf(name: string): string {
    return arnOf(this.#options.kind, name);
  }
}

export function modelCatalogue(
  store: SagemakerStore,
  wallTime: () => number,
): CatalogueOperations<CreateModel, HostedModel> {
  return new Catalogue({
    store,
    kind: "model",
    rows: store.sagemaker.models,
    wallTime,
    take: ({ Tags = [], ...document }: CreateModel) => {
      checkModel(document);
      return { name: document.ModelName, tags: Tags, document };
    },
  });
}

export function configCatalogue(
  store: SagemakerStore,
  wallTime: () => number,
): CatalogueOperations<CreateEndpointConfig, EndpointConfig> {
  return new Catalogue({
    store,
    kind: "endpoint-config",
    rows: store.sagemaker.configs,
    wallTime,
    take: ({ Tags = [], ...document }: CreateEndpointConfig) => {
      checkConfig(document, (name) => store.sagemaker.models.find(name) !== undefined);
      return { name: document.EndpointConfigName, tags: Tags, document };
    },
  });
}
