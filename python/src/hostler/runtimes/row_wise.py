"""Whether a model treats each row by itself, so that the rows of several calls may be predicted together.

Only classes of the frameworks themselves are trusted with this, all the way down a pipeline: code of the
user's may do anything with a batch.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

METHODS: Final = frozenset(
    ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform", "score_samples")
)
RANDOM: Final = ("stratified", "uniform")
"""Strategies of a DummyClassifier, with which predict draws at random."""

FRAMEWORKS: Final = ("sklearn.", "xgboost.", "scipy.")
"""Splines and isotonic regression hold scipy's interpolators."""
EXCEPTIONS: Final = frozenset(
    (
        "sklearn.decomposition._nmf.NMF",  # transform fits all rows together
        "sklearn.decomposition._nmf.MiniBatchNMF",
        "sklearn.neural_network._rbm.BernoulliRBM",  # score_samples draws at random
        "sklearn.decomposition._sparse_pca.SparsePCA",  # transform leaves out a dimension for a single row
        "sklearn.decomposition._sparse_pca.MiniBatchSparsePCA",
    )
)
PLAIN: Final = (str, int, float, bytes, type(None))
"""What a vocabulary may hold millions of."""

NOT_NUMERIC: Final = frozenset(
    ("ColumnTransformer", "FeatureUnion", "OneHotEncoder", "OrdinalEncoder", "TargetEncoder")
)


def is_row_wise(model: object, methods: Iterable[str]) -> bool:
    """Whether rows do not depend on each other, for all these methods.

    Args:
        model: a fitted estimator.
        methods: the names of those that may be called.
    """
    return METHODS.issuperset(methods) and all(_is_trusted(part) for part in parts(model))


def is_numeric(model: object) -> bool:
    """Whether the model certainly takes numbers: its first step neither encodes nor picks columns."""
    steps = getattr(model, "steps", None)
    while steps:
        model = steps[0][1]
        steps = getattr(model, "steps", None)
    return type(model).__name__ not in NOT_NUMERIC


def parts(model: object) -> Iterator[object]:
    """The model, and every estimator and callable that it holds, at any depth."""
    waiting, seen = [model], {id(model)}
    while waiting:
        part = waiting.pop()
        yield part
        for value in _held(part):
            if id(value) not in seen and _may_compute(value):
                seen.add(id(value))
                waiting.append(value)


def _held(part: object) -> Iterator[object]:
    """What an estimator's attributes hold, looked for inside plain containers too."""
    waiting, seen = list(getattr(part, "__dict__", {}).values()), set()
    while waiting:
        value = waiting.pop()
        if not isinstance(value, (list, tuple, dict)):
            yield value
        elif id(value) not in seen:  # a list may hold itself
            seen.add(id(value))
            inside = value.values() if isinstance(value, dict) else value
            waiting.extend(element for element in inside if not isinstance(element, PLAIN))


def _may_compute(value: object) -> bool:
    if isinstance(value, type):
        return False
    return hasattr(value, "fit") or hasattr(value, "predict") or callable(value)


def _is_trusted(part: object) -> bool:
    if isinstance(part, types.FunctionType):  # such as the score of a feature selection
        return part.__module__.startswith(FRAMEWORKS)
    if _is_elementwise(part):
        return True
    name = f"{type(part).__module__}.{type(part).__qualname__}"
    if not name.startswith(FRAMEWORKS) or name in EXCEPTIONS:
        return False
    if name.endswith(".DummyClassifier"):
        return getattr(part, "strategy", None) not in RANDOM
    if name.endswith(".FunctionTransformer"):
        function = getattr(part, "func", None)
        return function is None or _is_elementwise(function)
    return True


def _is_elementwise(value: object) -> bool:
    """Whether this is one of numpy's universal functions, such as the logarithm: each element by itself."""
    return f"{type(value).__module__}.{type(value).__name__}" == "numpy.ufunc"
