export type { DocumentKind, ReadDocument } from "./documents.ts";
export type { Override } from "./overrides.ts";
export { readDocument } from "./read-document.ts";
export {
  type CodeSource,
  deploymentParts,
  endpointSpec,
  type EnvironmentSource,
  environmentSpec,
  type ModelSource,
  modelSpec,
} from "./specs.ts";
