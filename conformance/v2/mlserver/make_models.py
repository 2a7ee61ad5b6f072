"""Make the folder of models that the goldens of this folder were captured from.

    python make_models.py DESTINATION

It holds MLServer's multi-model example (settings and digit classifier from examples/multi-model, the mushroom
model from artifacts/mushroom-xgboost.json, trained on the real data as the example says) and small models for
what those two do not show: each datatype, output shape and way of naming outputs. Coefficients are set by
hand where a fit could differ in its last bit from one processor to the next.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import xgboost as xgb
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parents[2] / "examples" / "multi-model"
SKLEARN = "mlserver_sklearn.SKLearnModel"
XGBOOST = "mlserver_xgboost.XGBoostModel"
DYADIC_ROWS = np.array([[0.0, 0.0], [0.0, 4.0], [4.0, 0.0], [4.0, 4.0]])


def example() -> ModuleType:
    """The example's train.py, which is a script and no package."""
    spec = importlib.util.spec_from_file_location("example_train", EXAMPLE / "train.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"{EXAMPLE / 'train.py'} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def linear(coefficients: list[list[float]], dtype: type[np.floating[Any]] = np.float64) -> LinearRegression:
    """y = x @ coefficients.T; one row of coefficients for each target."""
    weights = np.array(coefficients, dtype=dtype)
    x = np.eye(weights.shape[1], dtype=dtype)
    model = LinearRegression(fit_intercept=False).fit(x, x @ weights.T)
    model.coef_ = weights[0] if len(weights) == 1 else weights
    model.intercept_ = dtype(0)
    return model


def logistic() -> LogisticRegression:
    """Three classes, whose probabilities are exact where the logits are equal or far apart."""
    model = LogisticRegression().fit(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), [0, 1, 2])
    model.coef_ = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    model.intercept_ = np.zeros(3)
    return model


def labels() -> DecisionTreeClassifier:
    """String labels, one of them not ASCII, and probabilities such as 1/3 and 2/3."""
    rows = [[0.0]] * 3 + [[1.0]] * 2
    return DecisionTreeClassifier(random_state=0).fit(rows, ["a", "ccc", "ccc", "né", "né"])


def scaler() -> StandardScaler:
    return StandardScaler().fit(DYADIC_ROWS)  # mean 2, deviation 2


def classifier() -> xgb.XGBClassifier:
    """As scikit-learn's wrapper saves it; everything pinned that a release of XGBoost could estimate."""
    model = xgb.XGBClassifier(
        n_estimators=2, max_depth=1, learning_rate=1.0, base_score=0.5, n_jobs=1, tree_method="exact"
    )
    return model.fit(DYADIC_ROWS.repeat(4, axis=0), np.array([0, 0, 1, 1]).repeat(4))


def add(
    models: Path, folder: str, implementation: str, write: Callable[[Path], object], **settings: object
) -> None:
    place = models / folder
    place.mkdir(parents=True)
    content = {"name": folder, "implementation": implementation, **settings}
    (place / "model-settings.json").write_text(json.dumps(content, indent=4) + "\n", encoding="utf-8")
    write(place)


def add_example(destination: Path) -> None:
    shutil.copy(EXAMPLE / "settings.json", destination)
    for name in ("mnist-svm", "mushroom-xgboost"):
        place = destination / "models" / name
        place.mkdir(parents=True)
        shutil.copy(EXAMPLE / "models" / name / "model-settings.json", place)
    joblib.dump(example().train_digits(), destination / "models" / "mnist-svm" / "model.joblib")
    shutil.copyfile(
        HERE / "artifacts" / "mushroom-xgboost.json",
        destination / "models" / "mushroom-xgboost" / "model.json",
    )


def make(destination: Path) -> None:
    if destination.exists() and any(destination.iterdir()):
        raise SystemExit(f"make_models.py: {destination} is not empty")
    models = destination / "models"
    models.mkdir(parents=True)
    add_example(destination)

    def pickled(estimator: object) -> Callable[[Path], object]:
        return lambda place: joblib.dump(estimator, place / "model.joblib")

    transform = {"parameters": {"extra": {"predict_fn": "transform"}}}
    # FunctionTransformer() answers its input, in the type it came in.
    add(models, "identity", SKLEARN, pickled(FunctionTransformer()), **transform)
    add(models, "scaler", SKLEARN, pickled(scaler()), **transform)
    add(models, "linear-fp64", SKLEARN, pickled(linear([[1.0]])))
    add(models, "linear-fp32", SKLEARN, pickled(linear([[1.0]], np.float32)))
    add(models, "two-targets", SKLEARN, pickled(linear([[1.0, 0.0], [10.0, 0.5]])))
    add(models, "logistic", SKLEARN, pickled(logistic()))
    add(models, "string-labels", SKLEARN, pickled(labels()))
    add(models, "xgb-classifier", XGBOOST, lambda place: classifier().save_model(place / "model.json"))
    add(
        models,
        "described",
        SKLEARN,
        pickled(linear([[1.0]])),
        platform="sklearn",
        versions=["sklearn/1.9.1"],
        inputs=[{"name": "x", "datatype": "FP64", "shape": [-1, 1]}],
        outputs=[
            {"name": "predict", "datatype": "FP64", "shape": [-1, 1], "parameters": {"content_type": "np"}}
        ],
        parameters={"version": "1", "content_type": "np"},
    )
    for version in ("v9", "v10"):
        weights = linear([[float(version[1:])]])
        add(
            models / "two-versions",
            version,
            SKLEARN,
            pickled(weights),
            name="two-versions",
            parameters={"version": version},
        )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python make_models.py DESTINATION")
    make(Path(sys.argv[1]))
