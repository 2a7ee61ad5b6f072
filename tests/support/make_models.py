"""Make the models of the integration tests, and the answers that they give in this process.

    python make_models.py DESTINATION

DESTINATION gets a folder with settings for each model, and answers.json: rows, and what they say of them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import joblib
import numpy as np
import xgboost as xgb
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

sys.path.insert(0, str(Path(__file__).resolve().parent / "python"))
import served_functions  # found through the line above

if TYPE_CHECKING:
    from collections.abc import Callable

SKLEARN = "mlserver_sklearn.SKLearnModel"
XGBOOST = "mlserver_xgboost.XGBoostModel"
FEATURES = 8
WIDE = 30
HEAVY_ROWS = 200_000
"""Of ten doubles: a model that holds 16 MB."""


def training_data(columns: int, rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Three classes that overlap, so that every model has something to hesitate about."""
    dice = np.random.default_rng(columns)
    x = dice.normal(size=(rows, columns))
    return x, np.digitize(x[:, 0] + x[:, 1] * x[:, 2], [-0.5, 0.5])


def asked_rows(columns: int, rows: int) -> np.ndarray:
    """Rows that FP32 holds exactly, and every fourth one INT64 too."""
    dice = np.random.default_rng(columns + 1)
    x = np.round(dice.normal(scale=2.0, size=(rows, columns)) * 64) / 64
    x[::4] = np.round(x[::4] * 4)
    return x


def linear(weight: float) -> LinearRegression:
    """y = weight * x."""
    x = np.array([[0.0], [1.0]])
    model = LinearRegression(fit_intercept=False).fit(x, x[:, 0])
    model.coef_ = np.array([weight])
    return model


def heavy(times: int = 1) -> KNeighborsRegressor:
    """A model that is mostly memory."""
    rows = HEAVY_ROWS * times
    x = np.random.default_rng(0).normal(size=(rows, 10))
    return KNeighborsRegressor(n_neighbors=1, algorithm="brute").fit(x, np.zeros(rows))


def calling(function: Callable[[np.ndarray], np.ndarray]) -> FunctionTransformer:
    """A model that answers what the function does."""
    return FunctionTransformer(function).fit(np.zeros((1, 1)))


def add(destination: Path, name: str, model: object, **parameters: str) -> None:
    is_xgboost = isinstance(model, xgb.XGBModel)
    place = destination / "@".join([name, *parameters.values()])
    place.mkdir(parents=True)
    settings = {"name": name, "implementation": XGBOOST if is_xgboost else SKLEARN}
    if parameters:
        settings |= {"parameters": parameters}
    (place / "model-settings.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    if isinstance(model, xgb.XGBModel):
        model.save_model(place / "model.json")
    else:
        joblib.dump(model, place / "model.joblib")


def make(destination: Path) -> None:
    x, y = training_data(FEATURES)
    classifiers = {
        "svc": SVC().fit(x, y),
        "logreg": LogisticRegression().fit(x, y),
        "forest": RandomForestClassifier(n_estimators=20, random_state=0).fit(x, y),
        "xgb": xgb.XGBClassifier(n_estimators=5, max_depth=3, n_jobs=1).fit(x, y),
    }
    wide = LogisticRegression().fit(*training_data(WIDE))
    for name, model in {**classifiers, "wide": wide}.items():
        add(destination, name, model)
    add(destination, "identity", FunctionTransformer())
    add(destination, "heavy", heavy())
    add(destination, "heaviest", heavy(times=4))
    add(destination, "nap", calling(served_functions.nap))
    add(destination, "fragile", calling(served_functions.fragile))
    add(destination, "sluggish", calling(served_functions.Sluggish()))
    for version in ("v1", "v2", "v3"):
        add(destination, "line", linear(float(version[1:])), version=version)
    add(destination, "plain", linear(0.5))

    rows, wide_rows = asked_rows(FEATURES, 200), asked_rows(WIDE, 1000)
    answers = {
        "svc": {name: getattr(classifiers["svc"], name)(rows) for name in ("predict", "decision_function")},
        **{
            model: {name: getattr(classifiers[model], name)(rows) for name in ("predict", "predict_proba")}
            for model in ("logreg", "forest", "xgb")
        },
        "wide": {name: getattr(wide, name)(wide_rows) for name in ("predict", "predict_proba")},
    }
    content = {
        "rows": rows.tolist(),
        "wideRows": wide_rows.tolist(),
        "answers": {
            model: {name: np.asarray(value).tolist() for name, value in of.items()}
            for model, of in answers.items()
        },
    }
    (destination / "answers.json").write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python make_models.py DESTINATION")
    make(Path(sys.argv[1]))
