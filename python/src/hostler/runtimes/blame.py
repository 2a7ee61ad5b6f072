"""Whose fault it is when a model raises: the caller's, whose input was refused, or the operator's."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from hostler.protocol import errors
from hostler.protocol.errors import CallError, bounded, class_name, first_line

if TYPE_CHECKING:
    from types import TracebackType

    from hostler.runtimes.arrays import Shaped

REFUSALS: Final = (ValueError, TypeError)
"""What frameworks raise for input that they will not take."""

TRUSTED: Final = sys.stdlib_module_names | {
    *("hostler", "joblib", "narwhals", "numpy", "pandas", "scipy", "sklearn", "threadpoolctl", "xgboost")
}
"""Packages whose code does not answer for what a model does: the frameworks, and what they call."""

STACKED: Final = ("xgboost.core.XGBoostError",)
"""Errors whose message goes on with the stack of a C library."""


def explain(error: Exception, array: Shaped, features: int | None) -> CallError:
    """The error to answer with.

    A ValueError or TypeError that only framework code had a part in means that the framework refused the
    input. All else is the model's.

    Args:
        error: what a model raised.
        array: what it was called with.
        features: how many columns it wants, where known.
    """
    if isinstance(error, CallError):
        return error
    kind = class_name(error)
    message = first_line(str(error)) if kind in STACKED else bounded(str(error))
    if not isinstance(error, REFUSALS) or not _is_framework_only(error.__traceback__):
        return CallError(errors.MODEL_ERROR, first_line(str(error)) or kind, kind=kind)
    if hasattr(array, "columns"):  # a data frame
        return CallError(errors.INVALID_INPUT, message, kind=kind, field="inputs")
    if features is not None and (array.ndim != 2 or array.shape[1] != features):
        return CallError(
            errors.INVALID_INPUT,
            message,
            kind=kind,
            field="inputs[0].shape",
            expected=f"shape [-1, {features}]",
            got=f"shape {list(array.shape)}",
        )
    return CallError(errors.INVALID_INPUT, message, kind=kind, field="inputs[0]")


def _is_framework_only(trace: TracebackType | None) -> bool:
    while trace is not None:
        package = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in TRUSTED:
            return False
        trace = trace.tb_next
    return True
