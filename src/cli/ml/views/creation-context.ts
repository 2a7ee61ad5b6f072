import type { JsonObject } from "../output/json-value.ts";
import { creator } from "./endpoint-view.ts";

/** Who made something and when. */
export function creationContext(made: {
  readonly created_at: string;
  readonly modified_at: string;
}): JsonObject {
  return {
    created_at: made.created_at,
    created_by: creator,
    created_by_type: "User",
    last_modified_at: made.modified_at,
    last_modified_by: creator,
    last_modified_by_type: "User",
  };
}
