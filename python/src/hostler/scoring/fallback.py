"""Packages that scoring scripts import, for environments that do not have them.

They are found only where nothing else is: also below a parent that is installed, such as `azureml`, of which
an environment may have any part. The real ones always win.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

FOLDER: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "packages")


class FallbackFinder:
    """A finder for the end of `sys.meta_path`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of one of our stand-ins; None for all other modules."""
        parent = os.path.join(FOLDER, *fullname.split(".")[:-1])
        return PathFinder.find_spec(fullname, [parent], target) if os.path.isdir(parent) else None


def offer_packages() -> None:
    """Make the stand-ins importable, behind everything that is installed."""
    if not any(isinstance(finder, FallbackFinder) for finder in sys.meta_path):
        sys.meta_path.append(FallbackFinder())
