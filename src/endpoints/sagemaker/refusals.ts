import { ServingError } from "../../contracts/serving-error.ts";
import { type ArnKind, arnOf } from "./arns.ts";

/** How each kind of document is called in messages that clients know. */
const nouns = {
  model: "model",
  "endpoint-config": "endpoint configuration",
  endpoint: "endpoint",
} as const satisfies Record<ArnKind, string>;

export function couldNotFind(kind: ArnKind, name: string): ServingError {
  const code = kind === "endpoint" ? "ENDPOINT_NOT_FOUND" : "ASSET_NOT_FOUND";
  return new ServingError(code, `Could not find ${nouns[kind]} "${arnOf(kind, name)}".`, { got: name });
}

export function alreadyThere(kind: ArnKind, name: string): ServingError {
  return new ServingError(
    "ALREADY_EXISTS",
    `Cannot create already existing ${nouns[kind]} "${arnOf(kind, name)}".`,
    {
      got: name,
    },
  );
}
