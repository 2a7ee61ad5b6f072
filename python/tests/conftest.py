"""The tests' own process gets the environment that the front gives its workers."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before anything imports a framework
    os.environ.setdefault(name, "1")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Forking and the kernel's own lifeline are for Linux: elsewhere those tests have no subject."""
    if sys.platform == "linux":
        return
    foreign = [item for item in items if item.get_closest_marker("linux")]
    items[:] = [item for item in items if item not in foreign]
    config.hook.pytest_deselected(items=foreign)
