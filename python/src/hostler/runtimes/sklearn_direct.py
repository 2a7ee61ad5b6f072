"""A shorter way through a few common estimators, for input that their validation would pass unchanged.

For a single row, validation takes most of the time: nine tenths of a scaler with a linear model, and a forest
validates anew for every tree. What remains here are the same operations on the same arrays in the same order.
Whether the results are the same to the last bit is tried when a model is loaded, stage by stage; if they are
not, because scikit-learn has changed inside, the model is called as usual. Input of any other kind goes the
usual way too, so that whatever is wrong with it is said by scikit-learn itself.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeGuard, cast

import numpy as np

from hostler.protocol.errors import class_name
from hostler.runtimes import sklearn_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hostler.runtimes.arrays import Method
    from hostler.runtimes.sklearn_steps import Matrix, Step
    from hostler.tensors import Array

FLOATS: Final = frozenset((np.dtype(np.float32), np.dtype(np.float64)))
TRIALS: Final[tuple[tuple[int, type[np.floating[Any]]], ...]] = ((1, np.float64), (9, np.float32))
"""Rows and types that both ways are compared on when a model is loaded."""

SCORES: Final = ("predict_proba", "decision_function")
"""What labels are chosen by. Equal labels alone would not show that these differ a little."""


class _Transformer(Protocol):
    def transform(self, rows: Matrix) -> Array: ...


class _Pipeline(Protocol):
    steps: Sequence[tuple[str, object]]


def shorten(model: object, name: str, columns: int | None) -> Method | None:
    """The model's method `name`, made shorter; None if there is no way to do that.

    Args:
        model: a fitted estimator.
        name: one of its methods.
        columns: how many features it takes, where known.
    """
    if columns is None:
        return None
    dice = np.random.default_rng(0)
    trials = [dice.normal(scale=3.0, size=(rows, columns)).astype(dtype) for rows, dtype in TRIALS]
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a trial is warned of, such as missing names, says nothing
            step = _proven_step(model, name, trials)
    except Exception:  # whatever the model has against the trial, the usual way will say when it matters
        return None
    if step is None:
        return None
    usual: Method = getattr(model, name)
    short = step

    def method(array: Array) -> object:
        if _is_matrix(array) and array.shape[1] == columns and np.isfinite(array).all():
            result = short(array)
            if result is not None:
                return result
        return usual(array)

    return method


def _is_matrix(array: Array) -> TypeGuard[Matrix]:
    return array.dtype in FLOATS and array.ndim == 2 and len(array) > 0


def _proven_step(model: object, name: str, trials: Sequence[Matrix]) -> Step | None:
    if class_name(model) == "sklearn.pipeline.Pipeline":
        return _proven_pipeline(cast("_Pipeline", model), name, trials)
    for step in sklearn_steps.steps(model, name):
        if _agrees(step, getattr(model, name), trials):
            scores = SCORES if name == "predict" else ()
            return step if all(_agrees_on(model, score, trials) for score in scores) else None
    return None


def _proven_pipeline(model: _Pipeline, name: str, trials: Sequence[Matrix]) -> Step | None:
    stages = [stage for _, stage in model.steps if stage is not None and stage != "passthrough"]
    before: list[Step] = []
    for stage in stages[:-1]:
        step = _proven_step(stage, "transform", trials)
        if step is None:
            return None
        before.append(step)
        trials = [cast("Matrix", cast("_Transformer", stage).transform(trial)) for trial in trials]
    last = _proven_step(stages[-1], name, trials) if stages else None
    if last is None:
        return None
    final = last

    def run(rows: Matrix) -> Array | None:
        for step in before:
            result = step(rows)
            if result is None or not np.isfinite(result).all():
                return None
            rows = cast("Matrix", result)
        return final(rows)

    return run


def _agrees_on(model: object, name: str, trials: Sequence[Matrix]) -> bool:
    """Whether a method is computed as it should be, if it is one of those that are known."""
    known = sklearn_steps.steps(model, name) if hasattr(model, name) else ()
    return not known or any(_agrees(step, getattr(model, name), trials) for step in known)


def _agrees(step: Step, usual: Method, trials: Sequence[Matrix]) -> bool:
    for trial in trials:
        wanted, got = usual(trial.copy()), step(trial)
        if not isinstance(wanted, np.ndarray) or got is None:
            return False
        if (wanted.dtype, wanted.shape, wanted.tobytes()) != (got.dtype, got.shape, got.tobytes()):
            return False
    return True
