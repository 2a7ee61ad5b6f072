import { z } from "zod";
import { ServingError } from "../../../contracts/serving-error.ts";
import { withNumpyGeneration } from "./numpy-generation.ts";

/** A conda file, taken apart. */
export interface CondaFile {
  /** As `3.10`; null where it names none. */
  readonly python: string | null;
  /** Packages that pip can install: the pip part, and conda packages that PyPI has too. As PEP 508 writes them. */
  readonly requirements: readonly string[];
  /** pip's own options among them, as `--extra-index-url=...`. */
  readonly options: readonly string[];
  /** Conda packages that pip cannot install. */
  readonly condaOnly: readonly string[];
}

const fileSchema = z.object({
  name: z.string().nullish(),
  dependencies: z.array(z.union([z.string(), z.object({ pip: z.array(z.string()).nullish() })])).nullish(),
});

/** Conda packages that PyPI has, where the name differs; null: not needed, pip's wheels bring it along. */
const renamed: Readonly<Record<string, string | null>> = {
  python: null,
  pip: null,
  setuptools: null,
  wheel: null,
  openssl: null,
  "ca-certificates": null,
  libgcc: null,
  "libgcc-ng": null,
  libgomp: null,
  "py-xgboost": "xgboost",
  pytorch: "torch",
  "py-opencv": "opencv-python-headless",
  opencv: "opencv-python-headless",
  "msgpack-python": "msgpack",
  tensorflow_base: "tensorflow",
  "pytorch-lightning": "pytorch-lightning",
  "uvicorn-standard": "uvicorn[standard]",
};

/** Conda packages that PyPI has under the same name. */
const sameName: ReadonlySet<string> = new Set(
  `aiohttp attrs catboost certifi charset-normalizer click cloudpickle cryptography cython dask datasets dill fastapi
  flask flask-cors gensim gunicorn h5py httpx hdbscan imbalanced-learn jinja2 joblib jsonschema keras lightgbm llvmlite
  mlflow mlflow-skinny matplotlib networkx nltk numba numpy onnx onnxruntime orjson packaging pandas patsy pillow plotly
  polars protobuf psutil pyarrow pydantic pyodbc python-dateutil python-multipart pytz pyyaml regex requests
  sentencepiece scikit-image scikit-learn scipy seaborn shap six spacy sqlalchemy starlette statsmodels sympy tensorflow
  textblob threadpoolctl tokenizers torchvision torchaudio tqdm transformers typing_extensions typing-extensions ujson
  umap-learn urllib3 uvicorn werkzeug xgboost`.split(/\s+/),
);

/** Takes a conda file apart; INVALID_DOCUMENT for what is none. */
export function readCondaFile(content: Readonly<Record<string, unknown>>): CondaFile {
  const dependencies = dependenciesOf(content);
  let python: string | null = null;
  const [requirements, options, condaOnly]: [string[], string[], string[]] = [[], [], []];
  for (const entry of dependencies) {
    if (typeof entry === "string") {
      const { name, version } = condaEntry(entry);
      if (name === "python") python = pythonVersion(version);
      const onPyPi = nameOnPyPi(name);
      if (onPyPi === undefined) condaOnly.push(entry);
      else if (onPyPi !== null) requirements.push(onPyPi + versionRange(version));
    } else {
      for (const line of entry.pip ?? []) (isOption(line) ? options : requirements).push(line.trim());
    }
  }
  refuseFiles(options);
  return { python, requirements: withNumpyGeneration(requirements), options, condaOnly };
}

function dependenciesOf(
  content: Readonly<Record<string, unknown>>,
): readonly (string | { readonly pip?: readonly string[] | null | undefined })[] {
  const parsed = fileSchema.safeParse(content);
  if (parsed.success) return parsed.data.dependencies ?? [];
  const [issue] = parsed.error.issues;
  throw new ServingError(
    "INVALID_DOCUMENT",
    `conda_file: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not a conda file"}`,
    { field: "environment.conda_file" },
  );
}

/** Null: not needed; undefined: PyPI has no such package, as far as is known here. */
function nameOnPyPi(name: string): string | null | undefined {
  if (name in renamed) return renamed[name];
  return sameName.has(name) ? name : undefined;
}

/** `channel::name=version=build`, `name>=1,<2` or `name 1.2.*`. */
function condaEntry(entry: string): { readonly name: string; readonly version: string } {
  const text = entry.replace(/^[^:]*::/, "").trim();
  const [, name = text, rest = ""] = /^([A-Za-z0-9_.-]+)\s*(.*)$/.exec(text) ?? [];
  // What follows a second `=` is a build, which is conda's alone.
  const exact = /^(==?)\s*([^=\s]+)(?:=.*|\s+\S+)?$/.exec(rest);
  const version = exact === null ? rest.trim() : `${exact[1] ?? ""}${exact[2] ?? ""}`;
  return { name: name.toLowerCase(), version };
}

/** Conda's `=1.2` is any 1.2; its other comparisons are Python's. */
function versionRange(version: string): string {
  if (version === "") return "";
  const [, fuzzy] = /^=([^=].*)$/.exec(version) ?? [];
  if (fuzzy !== undefined) return fuzzy.endsWith("*") ? `==${fuzzy}` : `==${fuzzy}.*`;
  return /^[<>=!~]/.test(version) ? version.replaceAll(/\s+/g, "") : `==${version}`;
}

function pythonVersion(version: string): string | null {
  return /(\d+\.\d+)/.exec(version)?.[1] ?? null;
}

function isOption(line: string): boolean {
  return line.trim().startsWith("-");
}

/** Only the file's content is registered: what it points to beside itself is not there any more. */
function refuseFiles(options: readonly string[]): void {
  const file = options.find((option) => /^(-r|--requirement|-c|--constraint|-e|--editable)\b/.test(option));
  if (file === undefined) return;
  throw new ServingError(
    "INVALID_DOCUMENT",
    `conda_file: ${file} points to another file, which is not kept.`,
    {
      field: "environment.conda_file",
      hint: "Write its lines into the pip part of the conda file.",
    },
  );
}
