import { AssetRows } from "./asset-rows.ts";
import { Database } from "./database.ts";
import { DeploymentRows } from "./deployment-rows.ts";
import { EndpointRows } from "./endpoint-rows.ts";
import { HistoryRows } from "./history-rows.ts";
import { ReferenceRows } from "./reference-rows.ts";
import { RolloutRows } from "./rollout-rows.ts";
import { SagemakerRows } from "./sagemaker-rows.ts";

/** Everything that outlives the process, in one file. What a call wrote is on the disk when it returns. */
export class Store {
  readonly endpoints: EndpointRows;
  readonly deployments: DeploymentRows;
  readonly assets: AssetRows;
  readonly history: HistoryRows;
  readonly references: ReferenceRows;
  readonly rollouts: RolloutRows;
  readonly sagemaker: SagemakerRows;
  readonly #database: Database;

  /** @throws ServingError CONFLICT when another process holds the file, INVALID_SETTINGS when it cannot be used */
  constructor(file: string) {
    this.#database = new Database(file);
    this.endpoints = new EndpointRows(this.#database);
    this.deployments = new DeploymentRows(this.#database);
    this.assets = new AssetRows(this.#database);
    this.history = new HistoryRows(this.#database);
    this.references = new ReferenceRows(this.#database);
    this.rollouts = new RolloutRows(this.#database);
    this.sagemaker = new SagemakerRows(this.#database);
  }

  /** All of it or nothing. */
  transaction<Result>(work: () => Result): Result {
    return this.#database.transaction(work);
  }

  /** The same for what was promised to nobody: it does not wait for the disk. */
  note<Result>(work: () => Result): Result {
    return this.#database.note(work);
  }

  close(): void {
    this.#database.close();
  }
}
