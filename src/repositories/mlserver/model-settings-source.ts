import type { Json } from "../../contracts/parameters.ts";
import type { JsonPath } from "../shared/json-scanner.ts";

/** Where a model's settings were found: a file, or nothing but variables. */
export interface ModelSettingsSource {
  readonly object: Readonly<Record<string, Json>>;
  readonly whereValue: (path: JsonPath) => string;
  readonly whereKey: (path: JsonPath) => string;
  /** MLServer names a model after its folder where the file does not. */
  readonly folderName: string;
}
