import type { FastifyRequest } from "fastify";
import type { z } from "zod";
import { assetKinds, type AssetKind } from "../../contracts/control/assets.ts";
import {
  type AssetName,
  assetNameSchema,
  type AssetVersion,
  assetVersionSchema,
  type DeploymentName,
  deploymentNameSchema,
  type EndpointName,
  endpointNameSchema,
  nameRule,
} from "../../contracts/control/names.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Actor } from "../../core/ports/endpoint-operations.ts";
import { readBody } from "../http/body.ts";
import { decode, decodeBody, decodeName } from "./decode.ts";

/** Documents are text that people write; what is bigger is a mistake. */
const mostBodyBytes = 4 * 1024 * 1024;
const longestActor = 80;

/** One request of the control API, read as the handlers need it. All throw a ServingError. */
export class ControlCall {
  readonly #request: FastifyRequest;

  constructor(request: FastifyRequest) {
    this.#request = request;
  }

  get endpoint(): EndpointName {
    return decodeName(this.#param("endpoint"), endpointNameSchema, "ENDPOINT_NOT_FOUND", "endpoint");
  }

  /** An endpoint of SageMaker's kind, whose names have other rules: one that breaks them is not found. */
  get hostedEndpoint(): string {
    return this.#param("endpoint");
  }

  get deployment(): DeploymentName {
    return decodeName(this.#param("deployment"), deploymentNameSchema, "DEPLOYMENT_NOT_FOUND", "deployment");
  }

  get kind(): AssetKind {
    const text = this.#param("kind");
    const kind = assetKinds.find((one) => one === text);
    if (kind === undefined)
      throw new ServingError("ROUTE_NOT_FOUND", `No such path: /api/${text.slice(0, 80)}`);
    return kind;
  }

  get assetName(): AssetName {
    return decodeName(this.#param("name"), assetNameSchema, "ASSET_NOT_FOUND", "asset");
  }

  get assetVersion(): AssetVersion {
    return decodeName(this.#param("version"), assetVersionSchema, "ASSET_NOT_FOUND", "version");
  }

  /** A name that somebody gives: one that breaks the rules is refused with the rules. */
  newName(param: "endpoint" | "deployment"): string {
    const text = this.#param(param);
    const name = endpointNameSchema.safeParse(text);
    if (name.success) return name.data;
    throw ServingError.invalidField("name", nameRule, text.slice(0, 80));
  }

  /** Who asks, for the history. */
  get actor(): Actor {
    const { headers } = this.#request;
    const told = headers["x-hostler-actor"];
    const name = typeof told === "string" ? told : headers["user-agent"]?.split(" ", 1)[0];
    const printable = (name ?? "").replace(/[^\x20-\x7e]/g, "").slice(0, longestActor);
    return { name: printable === "" ? "the control API" : printable };
  }

  /** `if-none-match: *` refuses to replace. */
  get isCreation(): boolean {
    return this.#request.headers["if-none-match"] === "*";
  }

  query<Value>(schema: z.ZodType<Value>): Value {
    return decode(this.#request.query, schema);
  }

  async body<Value>(schema: z.ZodType<Value>, fill: object = {}): Promise<Value> {
    return decodeBody(await readBody(this.#request.raw, mostBodyBytes), schema, fill);
  }

  #param(name: string): string {
    const { params } = this.#request;
    const value: unknown =
      typeof params === "object" && params !== null ? Reflect.get(params, name) : undefined;
    return typeof value === "string" ? value : "";
  }
}
