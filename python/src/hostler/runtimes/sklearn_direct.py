"""A shorter way through a few common estimators, for input that scikit-learn's validation would pass
unchanged.

For a single row, validation takes most of the time: nine tenths of a scaler with a linear model, and a forest
validates anew for every tree. What remains here are the same operations on the same arrays in the same order.
Whether the results are the same to the last bit is tried when a model is loaded; if they are not, or
scikit-learn has changed inside, the model is called as usual. Input of any other kind goes the usual way
too, so that whatever is wrong with it is said by scikit-learn itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeGuard

import numpy as np

from hostler.runtimes import sklearn_steps

if TYPE_CHECKING:
    from hostler.runtimes.arrays import Method
    from hostler.runtimes.sklearn_steps import Matrix, Step
    from hostler.tensors import Array

FLOATS: Final = frozenset((np.dtype(np.float32), np.dtype(np.float64)))
TRIALS: Final[tuple[tuple[int, type[np.floating[Any]]], ...]] = ((1, np.float64), (9, np.float32))
"""Rows and types that both ways are compared on when a model is loaded."""


def shorten(model: object, name: str, columns: int | None) -> Method | None:
    """The model's method `name`, made shorter; None if there is no way to do that.

    Args:
        model: a fitted estimator.
        name: one of its methods.
        columns: how many features it takes, where known.
    """
    if columns is None:
        return None
    try:
        step = sklearn_steps.compile_step(model, name)
    except (AttributeError, TypeError):  # this version keeps things elsewhere
        return None
    usual: Method = getattr(model, name)
    if step is None or not _is_same(step, usual, columns):
        return None
    short = step

    def method(array: Array) -> object:
        if _is_matrix(array) and array.shape[1] == columns:
            result = _checked(short, array)
            if result is not None:
                return result
        return usual(array)

    return method


def _is_matrix(array: Array) -> TypeGuard[Matrix]:
    return array.dtype in FLOATS and array.ndim == 2 and len(array) > 0


def _checked(step: Step, array: Matrix) -> Array | None:
    return step(array) if np.isfinite(array).all() else None


def _is_same(step: Step, usual: Method, columns: int) -> bool:
    dice = np.random.default_rng(0)
    for rows, dtype in TRIALS:
        array: Matrix = dice.normal(scale=3.0, size=(rows, columns)).astype(dtype)
        try:
            with np.errstate(all="ignore"):
                wanted, got = usual(array.copy()), _checked(step, array)
        except Exception:  # the usual way will show it to whom it concerns
            return False
        if not isinstance(wanted, np.ndarray) or got is None:
            return False
        if (wanted.dtype, wanted.shape, wanted.tobytes()) != (got.dtype, got.shape, got.tobytes()):
            return False
    return True
