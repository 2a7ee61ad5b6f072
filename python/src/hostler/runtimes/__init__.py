"""The runtimes, by the names that LOAD uses. Each is imported when its first model is loaded."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from hostler import deferred
from hostler.protocol import errors
from hostler.protocol.errors import CallError, class_name, first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from collections.abc import Set as AbstractSet

    from hostler.runtimes.base import LoadRequest, Model

MODULES: Final = {
    "sklearn": "hostler.runtimes.sklearn",
    "xgboost": "hostler.runtimes.xgboost",
}

FRAMEWORKS: Final = frozenset(
    ("csimdjson", "joblib", "numpy", "orjson", "scipy", "simdjson", "sklearn", "threadpoolctl", "xgboost")
)
"""Top-level packages that a zygote may import on behalf of its workers."""


def load(runtime: str, request: LoadRequest) -> Model:
    """Load a model.

    Args:
        runtime: a name in MODULES.
        request: what to load.

    Raises:
        CallError: LOAD_FAILED, or FRAMEWORK_MISSING when an import fails.
    """
    name = MODULES.get(runtime)
    if name is None:
        raise CallError(
            errors.LOAD_FAILED, f"there is no runtime {runtime!r}; known are {', '.join(MODULES)}"
        )
    try:
        loader: Callable[[LoadRequest], Model] = import_module(name).load
        return loader(request)
    except ImportError as error:
        missing = f"module {error.name!r}" if error.name else "a module"
        raise CallError(
            errors.FRAMEWORK_MISSING,
            f"model {request.name!r} needs {missing}, which cannot be imported: {first_line(str(error))}",
            kind=class_name(error),
        ) from error


def framework_modules(known: AbstractSet[str]) -> list[str]:
    """The framework modules that are imported now and were not `known`: packages and their direct children.

    Deeper modules are imported by these, and would only make the list long.
    """
    return frameworks_among(name for name in deferred.imported() if name not in known)


def frameworks_among(modules: Iterable[str]) -> list[str]:
    """The framework modules among these: packages and their direct children."""
    return [name for name in modules if name.count(".") <= 1 and name.partition(".")[0] in FRAMEWORKS]
