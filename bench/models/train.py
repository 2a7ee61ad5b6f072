"""Train the five benchmark models with the libraries of the interpreter that runs this file.

    python train.py DESTINATION REQUESTS_JSON EXPECTED_JSON

DESTINATION gets one folder a model: model.joblib (scikit-learn) or model.json (XGBoost).
REQUESTS_JSON gets the request rows, 1,024 distinct ones for each kind of input, the same anywhere.
EXPECTED_JSON gets what each model answers to each row, by its own predict, all rows at once.
The mushrooms are those of examples/multi-model/train.py: real with AGARICUS_DIR, synthetic without.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

# Libraries of whichever environment runs this file; their types are unknown here.
joblib: Any = import_module("joblib")
np: Any = import_module("numpy")
xgboost: Any = import_module("xgboost")
datasets: Any = import_module("sklearn.datasets")
svm: Any = import_module("sklearn.svm")
ensemble: Any = import_module("sklearn.ensemble")
linear_model: Any = import_module("sklearn.linear_model")
selection: Any = import_module("sklearn.model_selection")
pipelines: Any = import_module("sklearn.pipeline")
preprocessing: Any = import_module("sklearn.preprocessing")

Array = Any  # NumPy's
Model = Any  # an estimator, a pipeline, or a booster
ROWS = 1024
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "multi-model" / "train.py"


def mushroom_table() -> tuple[Array, Array]:
    spec = spec_from_file_location("multi_model_example", EXAMPLE)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{EXAMPLE} is not there")
    example: Any = module_from_spec(spec)
    spec.loader.exec_module(example)
    folder = os.environ.get("AGARICUS_DIR")
    table, labels = example.agaricus(Path(folder)) if folder else example.synthetic_mushrooms()
    return table.astype("float32"), labels


def distinct(table: Array) -> Array:
    """The first rows of a table that differ from all before them."""
    first = np.sort(np.unique(table, axis=0, return_index=True)[1])[:ROWS]
    if len(first) < ROWS:
        raise SystemExit(f"only {len(first)} distinct rows, {ROWS} are needed")
    return table[first]


def boosted(table: Array, labels: Array, rounds: int, **parameters: float) -> Model:
    how = {"objective": "binary:logistic"} | parameters
    return xgboost.train(how, xgboost.DMatrix(table, label=labels), rounds)


def save(destination: Path, name: str, model: Model) -> None:
    folder = destination / name
    folder.mkdir(parents=True, exist_ok=True)
    if hasattr(model, "save_model"):
        model.save_model(folder / "model.json")
    else:
        joblib.dump(model, folder / "model.joblib")


def answers(model: Model, rows: Array) -> list[float]:
    predict = model.inplace_predict if hasattr(model, "inplace_predict") else model.predict
    found: list[float] = predict(rows.astype("float32")).tolist()
    return found


def write(path: Path, content: object) -> None:
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_text(json.dumps(content))
    partial.replace(path)


def main() -> None:
    destination, requests_file, expected_file = (Path(argument) for argument in sys.argv[1:4])
    # mnist-svm and mushroom-xgboost are the two models of MLServer's multi-model example.
    digits = datasets.load_digits()
    pixels = digits.images.reshape((len(digits.images), -1))
    x_train, x_test, y_train, _ = selection.train_test_split(
        pixels, digits.target, test_size=0.5, shuffle=False
    )
    mushrooms, poisonous = mushroom_table()
    # Heavier and lighter ones over the same 30 features.
    x30, y30 = datasets.make_classification(10_000, 30, n_informative=15, random_state=0)
    x30 = x30.astype("float32")
    scaled = pipelines.make_pipeline(
        preprocessing.StandardScaler(), linear_model.LogisticRegression(max_iter=500)
    )
    models = {
        "mnist-svm": svm.SVC(gamma=0.001).fit(x_train, y_train),
        "mushroom-xgboost": boosted(mushrooms, poisonous, 2, max_depth=2, eta=1),
        "forest": ensemble.RandomForestClassifier(100, max_depth=12, random_state=0).fit(x30, y30),
        "gbdt": boosted(x30, y30, 500, max_depth=6, eta=0.1),
        "logreg": scaled.fit(x30, y30),
    }
    unseen_first = np.concatenate([x_test, x_train])
    inputs = {
        "mnist-svm": distinct(unseen_first),
        "mushroom-xgboost": distinct(mushrooms),
        "x30": distinct(x30),
    }
    for name, model in models.items():
        save(destination, name, model)
    write(requests_file, {name: rows.tolist() for name, rows in inputs.items()})
    write(
        expected_file,
        {name: answers(model, inputs.get(name, inputs["x30"])) for name, model in models.items()},
    )
    versions = f"scikit-learn {import_module('sklearn').__version__}, xgboost {xgboost.__version__}"
    print(f"trained with {versions} into {destination}")


main()
