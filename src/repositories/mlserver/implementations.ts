import type { RuntimeName } from "../../core/models/model-spec.ts";
import { Complaint, quote } from "../shared/complaint.ts";
import { nearest } from "../shared/nearest.ts";

/** Classes of MLServer that hostler has a runtime for. Nothing outside this list is ever imported. */
const implementations: ReadonlyMap<string, RuntimeName> = new Map([
  ["mlserver_sklearn.SKLearnModel", "sklearn"],
  ["mlserver_sklearn.sklearn.SKLearnModel", "sklearn"],
  ["mlserver_xgboost.XGBoostModel", "xgboost"],
  ["mlserver_xgboost.xgboost.XGBoostModel", "xgboost"],
]);

/** Their names as MLServer's documentation spells them. */
export const supportedImplementations: readonly string[] = [...implementations.keys()].filter(
  (name) => name.split(".").length === 2,
);

/** Files that MLServer's runtimes look for in a folder, in this order. */
export const wellKnownFiles: Readonly<Record<RuntimeName, readonly string[]>> = {
  sklearn: ["model.joblib", "model.pickle", "model.pkl"],
  xgboost: ["model.bst", "model.json", "model.ubj"],
};

export function runtimeOf(implementation: string, where: () => string): RuntimeName {
  const runtime = implementations.get(implementation);
  if (runtime !== undefined) return runtime;
  const meant = nearest(implementation, implementations.keys());
  const supported = supportedImplementations.join(", ");
  throw new Complaint({
    where: where(),
    reason: `implementation: ${quote(implementation)} is not one that this version of hostler runs`,
    hint: meant === undefined ? `It runs ${supported}.` : `Did you mean ${meant}? It runs ${supported}.`,
  });
}
