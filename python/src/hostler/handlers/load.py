"""Makes this process the home of one handler, and loads its model."""

from __future__ import annotations

import faulthandler
import gc
import logging
import os
import sys
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from hostler import deferred, process, runtimes, stand_ins
from hostler.handlers import resolve
from hostler.handlers.context import Context

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hostler.handlers.resolve import Handle
    from hostler.scoring.foreign import Foreign

PACKAGES: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "packages")
REQUIREMENTS: Final = os.path.join(resolve.CODE_FOLDER, "requirements.txt")
DEFAULTS: Final = {"OMP_NUM_THREADS": "1", "MXNET_USE_OPERATOR_TUNING": "0"}
"""What MMS sets for its workers, unless it is set."""


class Order(NamedTuple):
    """What is to be loaded."""

    model_name: str
    model_dir: str
    handler: str
    manifest: Foreign
    batch_size: int
    gpu_id: int | None
    decodes: bool
    installs: bool
    variables: Mapping[str, str]


class Loaded(NamedTuple):
    """A handler that can take batches.

    Attributes:
        handle: the handler.
        context: to be handed to it.
        decodes: whether it gets JSON and text decoded.
        modules: framework modules that it needed and this process had not had.
    """

    handle: Handle
    context: Context
    decodes: bool
    modules: tuple[str, ...]


def load(order: Order) -> Loaded:
    """Import the handler and let it load its model.

    Raises:
        HandlerError: there is no such handler, or what it requires cannot be installed.
        Exception: whatever the handler raises, also in its initialize().
    """
    name = resolve.Name.parse(order.handler)
    known = _count()
    own = (order.model_dir, *_settle_in(order, name))
    context = Context(order.model_name, order.model_dir, order.manifest, order.batch_size, order.gpu_id)
    try:
        entry = resolve.find(order.handler, name)
        if entry.initialize is None:
            entry.handle(None, context)
        else:
            entry.initialize(context)
    finally:
        for line in context.take_metrics():
            print(line)
    gc.collect()
    gc.freeze()  # a model stays as long as its process: collecting it again and again finds nothing
    modules = [name for name in runtimes.frameworks_among(_since(known)) if not _lies_in(name, own)]
    return Loaded(entry.handle, context, order.decodes, tuple(modules))


def _settle_in(order: Order, name: resolve.Name) -> list[str]:
    """Working folder, variables, path, log: as in a process that was started for this handler alone.

    Returns:
        Folders of packages that were installed for this model.
    """
    os.chdir(order.model_dir)
    for variable, value in DEFAULTS.items():
        os.environ.setdefault(variable, value)
    os.environ.update(order.variables)
    folders = resolve.python_path(order.model_dir, name, os.environ.get("PYTHONPATH"))
    installed = _installed(order)
    os.environ["PYTHONPATH"] = os.pathsep.join([*folders, *installed])
    sys.path[:] = list(dict.fromkeys([*folders, *installed, *sys.path]))
    sys.argv = [order.handler]
    process.buffer_lines()
    faulthandler.enable()
    stand_ins.offer(PACKAGES)
    logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.INFO, force=True)
    return installed


def _installed(order: Order) -> list[str]:
    if not order.installs or not os.path.isfile(os.path.join(order.model_dir, REQUIREMENTS)):
        return []
    from hostler.handlers import requirements  # few models need it, and it needs much

    folder = requirements.install(os.path.join(order.model_dir, REQUIREMENTS))
    return [] if folder is None else [folder]


def _count() -> int:
    """How many modules have run; one that was deferred is the newest once it has."""
    return len(sys.modules) - deferred.waiting()


def _since(known: int) -> list[str]:
    """The modules that were imported since there were so many.

    Looking at all of them would copy every page that one of their names is on.
    """
    return list(islice(reversed(sys.modules), max(0, _count() - known)))[::-1]


def _lies_in(module: str, folders: Sequence[str]) -> bool:
    """Whether a module is the model's own, and so of no use to others."""
    origin = getattr(sys.modules.get(module), "__file__", None)
    return origin is None or any(origin.startswith(folder + os.sep) for folder in folders)
