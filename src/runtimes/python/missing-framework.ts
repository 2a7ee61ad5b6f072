import { ServingError } from "../../contracts/serving-error.ts";
import { labelOf, type ModelSpec, type RuntimeName } from "../../core/models/model-spec.ts";

const packagesOf: Readonly<Record<RuntimeName, string>> = {
  sklearn: "scikit-learn",
  xgboost: "xgboost",
};

/** Adds the lines that mend it to the error of a framework that is not installed. Others pass through. */
export function missingFramework(
  error: ServingError,
  { spec, interpreter }: { readonly spec: ModelSpec; readonly interpreter: string },
): ServingError {
  if (error.code !== "ENVIRONMENT_UNUSABLE" || error.details.hint !== undefined) return error;
  const name = packagesOf[spec.runtime];
  // A virtual environment, because Debian's own Python refuses a plain pip.
  const lines = `python3 -m venv .venv && .venv/bin/pip install ${name} && hostler serve … --python .venv/bin/python`;
  const message = `${labelOf(spec)} needs ${name}, which ${interpreter} does not have: ${error.message}`;
  return new ServingError(
    error.code,
    message,
    { ...error.details, where: interpreter, hint: lines },
    { cause: error },
  );
}
