"""XGBoost models answer what MLServer's would, which are xgboost's own scikit-learn wrappers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import xgboost

from hostler.protocol.errors import CallError
from serving import Output, call, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from hostler.runtimes.base import Model

DICE = np.random.default_rng(0)
ROWS = DICE.normal(size=(200, 7)).astype(np.float32)
ROWS[DICE.random(ROWS.shape) < 0.1] = np.nan
TWO = (np.nan_to_num(ROWS[:, 0]) > 0).astype(int)
THREE = DICE.integers(0, 3, 200)
VALUES = DICE.normal(size=200)
MANY = DICE.integers(0, 2, (200, 3))
TRIALS = DICE.normal(size=(20, 7))
TRIALS[DICE.random(TRIALS.shape) < 0.1] = np.nan


def classifier(**settings: object) -> xgboost.XGBClassifier:
    return xgboost.XGBClassifier(n_estimators=5, **settings)


def stopped_early(model: xgboost.XGBModel, target: NDArray[np.generic]) -> xgboost.XGBModel:
    model.set_params(n_estimators=60, early_stopping_rounds=2)
    return model.fit(ROWS[:150], target[:150], eval_set=[(ROWS[150:], target[150:])], verbose=False)


def trained(objective: str, target: NDArray[np.generic], **settings: object) -> xgboost.Booster:
    parameters = {"objective": objective, "max_depth": 3, **settings}
    return xgboost.train(parameters, xgboost.DMatrix(ROWS, label=target), 4)


MAKERS: dict[str, Callable[[], xgboost.XGBModel | xgboost.Booster]] = {
    "two classes": lambda: classifier().fit(ROWS, TWO),
    "three classes": lambda: classifier().fit(ROWS, THREE),
    "several labels": lambda: classifier().fit(ROWS, MANY),
    "hinge": lambda: classifier(objective="binary:hinge").fit(ROWS, TWO),
    "raw logit": lambda: classifier(objective="binary:logitraw").fit(ROWS, TWO),
    "dart": lambda: classifier(booster="dart", rate_drop=0.5).fit(ROWS, TWO),
    "linear": lambda: classifier(booster="gblinear").fit(np.nan_to_num(ROWS), TWO),
    "forest": lambda: xgboost.XGBRFClassifier(n_estimators=5).fit(ROWS, TWO),
    "stopped classifier": lambda: stopped_early(classifier(), TWO),
    "stopped regressor": lambda: stopped_early(xgboost.XGBRegressor(), VALUES),
    "regressor": lambda: xgboost.XGBRegressor(n_estimators=5).fit(ROWS, VALUES),
    "two targets": lambda: xgboost.XGBRegressor(n_estimators=5).fit(
        ROWS, np.stack([VALUES, -VALUES], axis=1)
    ),
    "ranker": lambda: xgboost.XGBRanker(n_estimators=5).fit(ROWS, THREE, qid=np.sort(THREE)),
    "booster logistic": lambda: trained("binary:logistic", TWO),
    "booster softprob": lambda: trained("multi:softprob", THREE, num_class=3),
    "booster softmax": lambda: trained("multi:softmax", THREE, num_class=3),
    "booster poisson": lambda: trained("count:poisson", THREE),
}


def saved(model: xgboost.XGBModel | xgboost.Booster, path: Path) -> Model:
    model.save_model(path)
    return load("xgboost", path)


def wrapped(path: Path) -> xgboost.XGBModel:
    """What MLServer makes of a file, and a ranker for what it cannot load."""
    for kind in (xgboost.XGBRegressor, xgboost.XGBClassifier):
        model = kind()
        try:
            model.load_model(path)
        except TypeError:
            continue
        return model
    ranker = xgboost.XGBRanker()
    ranker.load_model(path)
    return ranker


@pytest.mark.parametrize("name", MAKERS)
def test_the_same_as_the_wrappers(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.ubj"
    model, wrapper = saved(MAKERS[name](), path), wrapped(path)

    described = model.describe()
    assert described["model_class"] == f"xgboost.sklearn.{type(wrapper).__name__}"
    assert described["inputs"] == [{"name": "predict", "datatype": "FP32", "shape": [-1, 7]}]
    has_probabilities = isinstance(wrapper, xgboost.XGBClassifier)
    assert described["outputs"] == (["predict", "predict_proba"] if has_probabilities else ["predict"])
    kinds = (TRIALS, TRIALS[:1], TRIALS.astype("f4"), TRIALS.astype("f2"), np.ones((2, 7), "u1"))
    for output in ("predict", "predict_proba") if has_probabilities else ("predict",):
        for rows in kinds:
            expected = getattr(wrapper, output)(rows)
            (got,) = call(model, rows, outputs=(output,))
            assert got.values == expected.ravel().tolist()
            assert got.shape == list(expected.shape if expected.ndim > 1 else (len(expected), 1))
            assert (
                got.datatype == {"float32": "FP32", "int64": "INT64", "float64": "FP64"}[str(expected.dtype)]
            )


@pytest.mark.parametrize("name", ["model.bst", "model.json", "model.ubj"])
def test_files_and_folders(name: str, tmp_path: Path) -> None:
    booster = trained("reg:squarederror", VALUES)
    booster.save_model(tmp_path / "saved.ubj")
    if name.endswith(".json"):
        booster.save_model(tmp_path / name)
    else:
        (tmp_path / "saved.ubj").rename(tmp_path / name)
    (answer,) = call(load("xgboost", tmp_path), ROWS[:2])
    assert answer == Output("predict", "FP32", [2, 1], booster.inplace_predict(ROWS[:2]).tolist())


def test_null_is_a_missing_value(tmp_path: Path) -> None:
    model = saved(trained("binary:logistic", TWO), tmp_path / "model.json")
    missing = np.full((1, 7), np.nan, np.float32)
    assert call(model, missing)[0].values == model_values(tmp_path / "model.json", missing)


def model_values(path: Path, rows: NDArray[np.float32]) -> list[object]:
    booster = xgboost.Booster()
    booster.load_model(path)
    values: list[object] = booster.predict(xgboost.DMatrix(rows)).tolist()
    return values


def test_results_do_not_share_memory(tmp_path: Path) -> None:
    model = saved(trained("binary:logistic", TWO), tmp_path / "model.json")
    first, second = call(model, ROWS[:3], outputs=("predict", "predict"))
    assert first.values == second.values
    assert call(model, ROWS[3:6])[0].values != first.values
    assert call(model, ROWS[:3])[0].values == first.values


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        (np.zeros((1, 2), np.float32), "Feature shape mismatch, expected: 7, got 2"),
        (np.zeros(7, np.float32), "matrix of rows and columns, got 1 dimensions"),
        (np.full((1, 7), "a", np.object_), "takes numbers, got a tensor of strings"),
    ],
)
def test_what_xgboost_refuses_is_the_callers_fault(
    rows: NDArray[np.generic], complaint: str, tmp_path: Path
) -> None:
    model = saved(trained("binary:logistic", TWO), tmp_path / "model.json")
    with pytest.raises(CallError, match=complaint) as caught:
        call(model, rows)
    assert caught.value.code == "INVALID_INPUT"
    assert "\n" not in caught.value.message
    if "mismatch" in complaint:
        assert (caught.value.expected, caught.value.got) == ("shape [-1, 7]", "shape [1, 2]")


def test_infinity_is_a_value_to_trees_and_refused_by_linear_models(tmp_path: Path) -> None:
    rows = np.array([[np.inf, -np.inf, 1, 1, 1, 1, 1e39]])
    trees = saved(MAKERS["two classes"](), tmp_path / "trees.json")
    expected = wrapped(tmp_path / "trees.json").predict_proba(rows).ravel().tolist()
    assert call(trees, rows, outputs=("predict_proba",))[0].values == expected
    with pytest.raises(CallError, match="Input data contains `inf`") as caught:
        call(saved(MAKERS["linear"](), tmp_path / "linear.json"), rows)
    assert caught.value.code == "INVALID_INPUT"
    assert "\n" not in caught.value.message


def test_no_rows_give_no_predictions(tmp_path: Path) -> None:
    model = saved(trained("binary:logistic", TWO), tmp_path / "model.json")
    assert call(model, ROWS[:0]) == [Output("predict", "FP32", [0, 1], [])]


def test_probabilities_of_a_booster_are_refused(tmp_path: Path) -> None:
    model = saved(trained("binary:logistic", TWO), tmp_path / "model.json")
    with pytest.raises(
        CallError, match="XGBRegressor has no output 'predict_proba'; it has predict"
    ) as caught:
        call(model, ROWS[:1], outputs=("predict_proba",))
    assert caught.value.code == "UNSUPPORTED_OUTPUT"


@pytest.mark.parametrize("text", ["", "noise", "{}", json.dumps({"learner": {}})])
def test_what_cannot_be_loaded_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(text)
    with pytest.raises(CallError, match=str(path)) as caught:
        load("xgboost", path)
    assert caught.value.code == "LOAD_FAILED"
    assert "\n" not in caught.value.message
