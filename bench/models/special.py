"""Make repositories that only some scenarios need, with the libraries of the interpreter that runs this file.

    python special.py small COUNT DESTINATION    COUNT different classifiers of about 1 MB each, m0, m1, ...
    python special.py slow DESTINATION           one model whose call takes seconds in C

DESTINATION also gets expected.json: request rows of 30 features, and what each model answers to them.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

joblib: Any = import_module("joblib")
np: Any = import_module("numpy")
linear_model: Any = import_module("sklearn.linear_model")
neighbors: Any = import_module("sklearn.neighbors")

Model = Any  # an estimator of whichever scikit-learn runs this
FEATURES, CLASSES, ROWS = 30, 4096, 16


def save(destination: Path, name: str, model: Model) -> None:
    folder = destination / name
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "model.joblib")
    parameters = {"uri": "./model.joblib"}
    settings = {"name": name, "implementation": "mlserver_sklearn.SKLearnModel", "parameters": parameters}
    (folder / "model-settings.json").write_text(json.dumps(settings, indent=2) + "\n")


def small(seed: int) -> Model:
    """A logistic regression of 4,096 classes: 1 MB of weights, drawn instead of fitted, and quick to ask."""
    random = np.random.default_rng(seed)
    model = linear_model.LogisticRegression()
    model.coef_ = random.standard_normal((CLASSES, FEATURES))
    model.intercept_ = random.standard_normal(CLASSES)
    model.classes_ = np.arange(CLASSES)
    model.n_features_in_ = FEATURES
    model.n_iter_ = np.array([1])
    return model


def slow() -> Model:
    """50,000 neighbours by brute force under a cubic metric: about 50 ms a row, a call is one loop in C."""
    random = np.random.default_rng(0)
    table, labels = random.standard_normal((50_000, FEATURES)), random.integers(0, 2, 50_000)
    return neighbors.KNeighborsClassifier(algorithm="brute", p=3).fit(table, labels)


def main() -> None:
    kind, destination = sys.argv[1], Path(sys.argv[-1])
    rows = np.random.default_rng(1).standard_normal((ROWS, FEATURES)).astype("float32")
    answers: dict[str, list[float]] = {}
    models = ((f"m{i}", small(i)) for i in range(int(sys.argv[2]))) if kind == "small" else [("slow", slow())]
    for name, model in models:
        save(destination, name, model)
        answers[name] = model.predict(rows).tolist()
    (destination / "expected.json").write_text(json.dumps({"rows": rows.tolist(), "answers": answers}))


main()
