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
FRAMEWORKS: Final = ("sklearn.", "xgboost.")
EXCEPTIONS: Final = frozenset(
    (
        "sklearn.decomposition._nmf.NMF",  # transform fits all rows together
        "sklearn.decomposition._nmf.MiniBatchNMF",
        "sklearn.neural_network._rbm.BernoulliRBM",  # score_samples draws at random
    )
)
FUNCTIONS: Final = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)
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
    """The model, and every estimator and function that it holds, at any depth."""
    waiting, seen = [model], {id(model)}
    while waiting:
        part = waiting.pop()
        yield part
        for value in _held(part):
            if id(value) not in seen and (_is_estimator(value) or isinstance(value, FUNCTIONS)):
                seen.add(id(value))
                waiting.append(value)


def _held(part: object) -> Iterator[object]:
    """What an estimator's attributes hold, looked for inside plain containers too."""
    waiting = list(getattr(part, "__dict__", {}).values())
    while waiting:
        value = waiting.pop()
        if isinstance(value, (list, tuple)):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
        else:
            yield value


def _is_estimator(value: object) -> bool:
    return not isinstance(value, type) and (hasattr(value, "fit") or hasattr(value, "predict"))


def _is_trusted(part: object) -> bool:
    if isinstance(part, FUNCTIONS):
        return False
    name = f"{type(part).__module__}.{type(part).__qualname__}"
    if not name.startswith(FRAMEWORKS) or name in EXCEPTIONS:
        return False
    return type(part).__name__ != "FunctionTransformer" or getattr(part, "func", None) is None
