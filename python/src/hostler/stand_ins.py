"""Packages that other servers bring and people's code imports, for environments that do not have them.

They are found only where nothing else is: also below a parent that is installed, such as `azureml`, of which
an environment may have any part. The real ones always win.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class StandIns:
    """A finder for the end of `sys.meta_path`.

    Args:
        folder: where the packages lie.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of one of our stand-ins; None for all other modules."""
        parent = os.path.join(self.folder, *fullname.split(".")[:-1])
        return PathFinder.find_spec(fullname, [parent], target) if os.path.isdir(parent) else None


def offer(folder: str) -> None:
    """Make the packages in a folder importable, behind everything that is installed."""
    offered = [finder.folder for finder in sys.meta_path if isinstance(finder, StandIns)]
    if folder not in offered:
        sys.meta_path.append(StandIns(folder))
