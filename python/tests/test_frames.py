"""Requests of content type `pd`: the same answers as from the model itself, called with a DataFrame."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import joblib
import numpy as np
import pytest
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler

from hostler.protocol.errors import CallError
from serving import call_frame, load

if TYPE_CHECKING:
    from pathlib import Path

    from hostler.runtimes.base import Model
    from hostler.tensors import Array

pandas = import_module("pandas")

DICE = np.random.default_rng(0)
NUMBERS = DICE.normal(size=(60, 3))
CLASSES = np.arange(60) % 3
KINDS = np.array(["red", "green", "blue"], object)[DICE.integers(3, size=60)]
COLUMNS: dict[str, Array] = {
    "weight": NUMBERS[:, 0],
    "height": NUMBERS[:, 1].reshape(-1, 1),
    "kind": KINDS,
    "age": (10 * NUMBERS[:, 2]).astype(np.int64),
}


def flat(columns: dict[str, Array]) -> dict[str, Array]:
    return {name: values.reshape(-1) for name, values in columns.items()}


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    choose = ColumnTransformer(
        [
            ("scaled", StandardScaler(), ["weight", "age"]),
            ("ranked", QuantileTransformer(n_quantiles=10, output_distribution="normal"), ["height"]),
            ("kind", OneHotEncoder(), ["kind"]),
        ]
    )
    frame = pandas.DataFrame(flat(COLUMNS))
    return Pipeline([("choose", choose), ("classify", LogisticRegression())]).fit(frame, CLASSES)


@pytest.fixture
def served(pipeline: Pipeline, tmp_path: Path) -> Model:
    joblib.dump(pipeline, tmp_path / "model.joblib")
    return load("sklearn", tmp_path)


def test_a_pipeline_fitted_on_a_frame(pipeline: Pipeline, served: Model) -> None:
    frame = pandas.DataFrame(flat(COLUMNS))
    classes, chances = call_frame(served, COLUMNS, ("predict", "predict_proba"))
    assert (classes.datatype, classes.shape) == ("INT64", [60, 1])
    assert classes.values == pipeline.predict(frame).tolist()
    assert chances.values == pipeline.predict_proba(frame).ravel().tolist()


def test_columns_are_found_by_name(pipeline: Pipeline, served: Model) -> None:
    wanted = pipeline.predict(pandas.DataFrame(flat(COLUMNS))).tolist()
    (turned,) = call_frame(served, {name: COLUMNS[name] for name in reversed(COLUMNS)})
    assert turned.values == wanted


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"weight": NUMBERS[:1, 0], "kind": KINDS[:1]}, "inputs"),
        (COLUMNS | {"height": NUMBERS[:2, 1]}, "inputs[1].shape"),
        (COLUMNS | {"weight": NUMBERS[:, :2]}, "inputs[0].shape"),
        (COLUMNS | {"weight": KINDS}, "inputs"),
    ],
)
def test_what_is_no_frame_of_the_model_is_the_callers_fault(
    columns: dict[str, Array], field: str, served: Model
) -> None:
    with pytest.raises(CallError) as caught:
        call_frame(served, columns)
    assert (caught.value.code, caught.value.field) == ("INVALID_INPUT", field)


def test_boosters_take_their_columns_in_any_order(tmp_path: Path) -> None:
    frame = pandas.DataFrame(NUMBERS, columns=list("abc"))
    model = xgboost.XGBClassifier(n_estimators=5).fit(frame, CLASSES)
    model.save_model(tmp_path / "model.json")
    served = load("xgboost", tmp_path)
    columns = {name: NUMBERS[:, index].astype(np.float32) for index, name in enumerate("abc")}
    (chances,) = call_frame(served, {name: columns[name] for name in "cab"}, ("predict_proba",))
    wanted = model.predict_proba(frame.astype(np.float32)).ravel().tolist()
    assert chances.values == pytest.approx(wanted, rel=1e-6)
    with pytest.raises(CallError) as caught:
        call_frame(served, {name: columns[name] for name in "ab"})
    assert (caught.value.code, caught.value.expected) == ("INVALID_INPUT", "the columns a, b, c")
