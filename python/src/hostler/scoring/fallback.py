"""Packages that scoring scripts import, for environments that do not have them."""

from __future__ import annotations

import os
from typing import Final

from hostler import stand_ins

FOLDER: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "packages")


def offer_packages() -> None:
    """Make the stand-ins importable, behind everything that is installed."""
    stand_ins.offer(FOLDER)
