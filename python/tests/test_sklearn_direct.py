"""The shorter way through an estimator gives what it gives, to the last bit, and refuses the same."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC, NuSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from hostler.runtimes.sklearn_direct import shorten

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

DICE = np.random.default_rng(0)
ROWS = DICE.normal(size=(120, 6))
TARGETS = {
    "three": DICE.integers(0, 3, 120),
    "two": DICE.integers(0, 2, 120),
    "strings": np.array(["a", "bb", "ccc"])[DICE.integers(0, 3, 120)],
    "values": DICE.normal(size=120),
}
CLASSIFIERS = [
    SVC(),
    SVC(kernel="linear"),
    NuSVC(nu=0.1),
    LogisticRegression(),
    LinearSVC(),
    SGDClassifier(),
    RandomForestClassifier(7),
    ExtraTreesClassifier(7),
    DecisionTreeClassifier(max_depth=4),
    make_pipeline(StandardScaler(), LogisticRegression()),
    make_pipeline(StandardScaler(with_mean=False), "passthrough", MinMaxScaler(), SVC()),
    make_pipeline(StandardScaler(with_std=False), RandomForestClassifier(3)),
]
REGRESSORS = [
    SVR(),
    LinearRegression(),
    Ridge(),
    RandomForestRegressor(7),
    ExtraTreesRegressor(7),
    DecisionTreeRegressor(max_depth=4),
    make_pipeline(StandardScaler(), Ridge()),
]
CASES = [(model, target) for model in CLASSIFIERS for target in ("two", "three", "strings")]
CASES += [(model, "values") for model in REGRESSORS]


def outcome(method: Callable[[NDArray[np.generic]], object], rows: NDArray[np.generic]) -> object:
    """What a method gives: every bit of an array, or all that is said of an error."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = np.asarray(method(rows.copy()))
        except ValueError as error:
            return type(error), str(error)
    return result.dtype, result.shape, result.tobytes()


@pytest.mark.parametrize("trained", [np.float64, np.float32])
@pytest.mark.parametrize(("model", "target"), CASES, ids=lambda value: str(value).replace("\n", "")[:40])
def test_the_same_to_the_last_bit(model: SVC, target: str, trained: type[np.floating]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(ROWS.astype(trained), TARGETS[target])
    names = [name for name in ("predict", "predict_proba", "decision_function") if hasattr(model, name)]
    methods = {name: shorten(model, name, ROWS.shape[1]) for name in names}
    assert methods["predict"] is not None
    for name, method in methods.items():
        if method is None:
            continue
        usual = getattr(model, name)
        for dtype in ("f8", "f4", "f2", "i4"):
            for count in (1, 2, 33):
                rows = DICE.normal(scale=DICE.choice([0.1, 3, 100]), size=(count, 6)).astype(dtype)
                assert outcome(method, rows) == outcome(usual, rows)
        for value in (np.nan, np.inf, -np.inf, 1e39, 1e308):
            rows = np.where(DICE.random((3, 6)) < 0.3, value, 1.0)
            assert outcome(method, rows) == outcome(usual, rows)
        for rows in (ROWS[:0], ROWS[0], ROWS[:2, :5], ROWS[None], np.asfortranarray(ROWS), ROWS[::2]):
            assert outcome(method, rows) == outcome(usual, rows)


def test_input_is_left_as_it_is() -> None:
    model = make_pipeline(MinMaxScaler(), StandardScaler(), LogisticRegression()).fit(ROWS, TARGETS["two"])
    method = shorten(model, "predict_proba", 6)
    assert method is not None
    rows = ROWS.copy()
    method(rows)
    assert (rows == ROWS).all()


@pytest.mark.parametrize(
    "model",
    [
        SVC(break_ties=True),
        SVC(kernel=lambda left, right: left @ right.T),
        make_pipeline(StandardScaler(), MinMaxScaler(clip=True), SVC()),
    ],
    ids=["ties", "kernel", "clip"],
)
def test_what_is_not_known_goes_the_usual_way(model: SVC) -> None:
    assert shorten(model.fit(ROWS, TARGETS["three"]), "predict", 6) is None


def test_a_model_told_to_answer_data_frames_goes_the_usual_way() -> None:
    assert shorten(StandardScaler().set_output(transform="default").fit(ROWS), "transform", 6) is None


def test_several_targets_go_the_usual_way() -> None:
    model = RandomForestClassifier(3).fit(ROWS, np.stack([TARGETS["two"], TARGETS["three"]], axis=1))
    assert shorten(model, "predict", 6) is None


def test_a_model_that_differs_inside_goes_the_usual_way() -> None:
    model = LogisticRegression().fit(ROWS, TARGETS["two"])
    other = LogisticRegression().fit(ROWS, TARGETS["two"])
    other.coef_ = -model.coef_
    model.predict = other.predict  # as a later version may compute something else from the same attributes
    assert shorten(model, "predict", 6) is None


def test_labels_are_not_enough_to_tell_that_nothing_differs_inside() -> None:
    model = LogisticRegression().fit(ROWS, TARGETS["two"])
    other = LogisticRegression().fit(ROWS, TARGETS["two"])
    other.coef_ = np.nextafter(model.coef_, 1)
    model.decision_function = other.decision_function
    assert shorten(model, "decision_function", 6) is None
    assert shorten(model, "predict", 6) is None
    assert shorten(make_pipeline(StandardScaler().fit(ROWS), model), "predict", 6) is None


def test_a_model_without_its_attributes_goes_the_usual_way() -> None:
    assert shorten(SVC(), "predict", 6) is None
    assert shorten(SVC().fit(ROWS, TARGETS["two"]), "predict", None) is None
