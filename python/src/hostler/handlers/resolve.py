"""A handler's name becomes something to call.

`file.py:function`, `/abs/file.py:function`, `module:function` or `module`: the part before the colon names a
module by its last piece, as a file or as a module. If the module has the function (`handle` unless one is
named) that is the handler; otherwise the module has one class with `handle()`.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from hostler.handlers.errors import HandlerError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from hostler.scoring.foreign import Foreign

    Handle: TypeAlias = Callable[[Foreign, Foreign], Foreign]

DEFAULT_FUNCTION: Final = "handle"
CODE_FOLDER: Final = "code"


class Name(NamedTuple):
    """A handler's name, taken apart."""

    folder: str | None
    """What its file's path says before the file, or None."""
    module: str
    function: str

    @staticmethod
    def parse(handler: str) -> Name:
        """Take a name apart.

        Raises:
            HandlerError: there is no module in it.
        """
        path, _, function = handler.partition(":")
        folder, _, last = path.rpartition("/")
        module = last.removesuffix(".py")
        if not module:
            raise HandlerError(
                f"The handler {handler!r} names no module; write file.py:function or module:function."
            )
        named = folder or ("/" if path.startswith("/") else None)
        return Name(named, module, function or DEFAULT_FUNCTION)


class Entry(NamedTuple):
    """What answers batches."""

    handle: Handle
    initialize: Callable[[Foreign], Foreign] | None
    """Called once at load; None where the handler is a function, which is called with no data instead."""


def python_path(model_dir: str, name: Name, variable: str | None) -> list[str]:
    """The folders that come first on `sys.path`.

    As in MMS: the handler's own, those of PYTHONPATH, the model's. Unlike there, the `code` folder of the
    model comes ahead of what all models share, so that each can bring an `inference.py` of its own.
    """
    shared = variable.split(os.pathsep) if variable else []
    code = os.path.join(model_dir, CODE_FOLDER)
    own = [] if name.folder is None else [os.path.join(model_dir, name.folder)]
    return [*own, *([code] if os.path.isdir(code) else []), *filter(None, shared), model_dir]


def find(handler: str, name: Name) -> Entry:
    """Import the module and find what answers batches.

    Args:
        handler: the name, for messages.
        name: the same, taken apart.

    Raises:
        HandlerError: there is nothing to call. What the module raises comes as it is.
    """
    module = _import(handler, name)
    function = getattr(module, name.function, None)
    if callable(function) and not inspect.isclass(function):
        return Entry(function, None)
    services = _services(module)
    if len(services) != 1:
        found = ", ".join(sorted(service.__name__ for service in services)) or "none"
        raise HandlerError(
            f"The handler {handler!r} needs a function {name.function}() in module {name.module}, or exactly "
            f"one class with handle() there; classes found: {found}.",
            getattr(module, "__file__", None),
        )
    service = services[0]()
    initialize = getattr(service, "initialize", None)
    return Entry(service.handle, initialize if callable(initialize) else _nothing)


def _import(handler: str, name: Name) -> ModuleType:
    _forget_namesake(name.module)
    try:
        return importlib.import_module(name.module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name.module}.".startswith(f"{error.name}."):
            raise
        raise HandlerError(
            f"The handler {handler!r} cannot be found: there is no module {name.module} in the model's "
            "folder nor anywhere on PYTHONPATH."
        ) from error


def _forget_namesake(module: str) -> None:
    """A handler may have a name that this process has imported something else by: the path decides."""
    known = sys.modules.get(module)
    if known is None or "." in module:
        return
    found = PathFinder.find_spec(module, sys.path)
    if found is not None and found.origin not in (None, getattr(known, "__file__", None)):
        del sys.modules[module]


def _services(module: ModuleType) -> list[type[Foreign]]:
    """The classes that the module itself defines with a handle(), without those that others extend."""
    classes: list[type[Foreign]] = [
        one
        for _, one in inspect.getmembers(module, inspect.isclass)
        if one.__module__ == module.__name__ and callable(getattr(one, "handle", None))
    ]
    return [
        one for one in classes if not any(other is not one and issubclass(other, one) for other in classes)
    ]


def _nothing(_context: Foreign) -> None:
    """For a class without initialize()."""
