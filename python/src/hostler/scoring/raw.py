"""`@rawhttp`: run() wants the request itself."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Final, TypeVar

from hostler.scoring.request import Request as AMLRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostler.scoring.foreign import Foreign

    Function = TypeVar("Function", bound=Callable[..., Foreign])

MARK: Final = "__rawhttp__"
REAL: Final = ("azureml_inference_server_http.api.aml_request", "azureml.contrib.services.aml_request")

__all__ = ["AMLRequest", "is_raw", "rawhttp"]


def rawhttp(func: Function) -> Function:
    """Let run() have the whole request instead of its body.

    azmlinfsrv switches modes for every function once any is decorated; here it is this one.
    """
    setattr(func, MARK, True)
    return func


def is_raw(func: Foreign) -> bool:
    """Whether a function is decorated with `@rawhttp`, ours or the installed one."""
    if any(getattr(sys.modules.get(name), "_rawHttpRequested", False) for name in REAL):
        return True
    seen: list[Foreign] = [func]
    for candidate in seen:
        if getattr(candidate, MARK, False):
            return True
        cells = getattr(candidate, "__closure__", None) or ()
        inner = [cell.cell_contents for cell in cells if _is_filled(cell)]
        seen += [one for one in inner if inspect.isfunction(one) and one not in seen]
    return False


def _is_filled(cell: Foreign) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # the variable has not been given a value yet
        return False
