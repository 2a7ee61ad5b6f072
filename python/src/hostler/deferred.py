"""Packages that a framework imports for what serving seldom uses: imported when it is first used.

Half of the time that `import sklearn` takes goes to pandas, to `scipy.stats` and to parts of numpy that are
for whoever builds or tests packages; every worker carries their memory. The decision and its figures:
docs/decisions/0010-deferred-imports.md.
"""

from __future__ import annotations

import importlib.util
import sys
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

STATISTICS: Final = "scipy.stats"
DEFERRED: Final = ("numpy.f2py", "numpy.testing", STATISTICS)
"""What scipy and scikit-learn import for `from numpy import *`, or for what few estimators do."""

PANDAS: Final = "pandas"
TAKEN_BY_NAME: Final = frozenset(("chi2", "gmean", "rankdata", "spearmanr"))
"""What scikit-learn's own modules take out of `scipy.stats` by `from … import` when they are imported."""


class _Deferred(ModuleType):
    """A module that is there for `import`, and runs its code when the first of its names is looked up."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if self.__name__ == STATISTICS and name in TAKEN_BY_NAME and _asker().startswith("sklearn."):
            return _Taken(self, name)
        complete(self.__name__)
        return getattr(self, name)

    def __dir__(self) -> list[str]:
        complete(self.__name__)
        return dir(self)


def complete(name: str) -> None:
    """Run the code of a module that was deferred; nothing if it was not, or has run.

    Raises:
        Exception: whatever the module raises; it stays deferred then.
    """
    module: ModuleType | None = sys.modules.get(name)
    if module is None or type(module) is not _Deferred:
        return
    if module.__spec__ is None or module.__spec__.loader is None:
        return
    loader = module.__spec__.loader
    _turn_into(ModuleType, module)  # its own parts import each other while it runs
    try:
        loader.exec_module(module)
    except BaseException:
        _turn_into(_Deferred, module)
        raise
    sys.modules[name] = sys.modules.pop(name)  # the newest now, for who asks what a model has imported


def waiting() -> int:
    """How many modules are deferred still."""
    return sum(type(sys.modules.get(name)) is _Deferred for name in DEFERRED)


def imported() -> list[str]:
    """The names of the modules whose code has run, the newest last."""
    return [name for name, module in list(sys.modules.items()) if not isinstance(module, _Deferred)]


def import_framework(name: str) -> None:
    """Import a module as `import_module` does, without running what it does not need yet.

    Raises:
        Exception: whatever importing it raises.
    """
    package = name.partition(".")[0]
    if package in ("sklearn", "xgboost") and importlib.util.find_spec("sklearn") is not None:
        for module in DEFERRED:
            _defer(module)
        with _without_pandas():
            # XGBoost imports it too, but before version 3 asks once and for ever whether there is pandas.
            import_module("sklearn.model_selection")
    import_module(name)
    complete(name)


def _defer(name: str) -> None:
    package, _, own_name = name.rpartition(".")
    if name in sys.modules or importlib.util.find_spec(package) is None:
        return
    spec = importlib.util.find_spec(name)
    if spec is None:
        return
    module = importlib.util.module_from_spec(spec)
    _turn_into(_Deferred, module)
    sys.modules[name] = module
    vars(sys.modules[package])[own_name] = module  # as importing it would


@contextmanager
def _without_pandas() -> Iterator[None]:
    """Let imports find no pandas: scikit-learn looks at each call whether somebody else has imported it."""
    if PANDAS in sys.modules:
        yield
        return
    hidden: dict[str, ModuleType | None] = {PANDAS: None}
    vars(sys)["modules"].update(hidden)
    try:
        yield
    finally:
        del sys.modules[PANDAS]


def _turn_into(kind: type[ModuleType], module: ModuleType) -> None:
    module.__class__ = kind


def _asker() -> str:
    """The module whose code has looked up the name of a deferred module, or has it imported."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__") == "importlib._bootstrap":
        frame = frame.f_back
    return "" if frame is None else str(frame.f_globals.get("__name__"))


class _Taken:
    """Stands for a function or a distribution that was taken by name, and fetches it when it is used.

    Args:
        module: the deferred module.
        name: of what was taken out of it.
    """

    def __init__(self, module: ModuleType, name: str) -> None:
        self._module = module
        self._name = name

    def __call__(self, *arguments: object, **named: object) -> object:
        function: Callable[..., object] = self._real()
        return function(*arguments, **named)

    def __getattr__(self, name: str) -> object:
        return getattr(self._real(), name)

    def _real(self) -> Callable[..., object]:
        complete(self._module.__name__)
        found: Callable[..., object] = getattr(self._module, self._name)
        return found
