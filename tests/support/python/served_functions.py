"""What the models of the integration tests call: functions that take long, and one that ends its process.

The models are scikit-learn's own FunctionTransformer; a server that is to load them has this folder in
PYTHONPATH.
"""

from __future__ import annotations

import ctypes
import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

POISON = 666.0


def nap(rows: np.ndarray) -> np.ndarray:
    """Keep the process busy for as many seconds as the first value says, and answer the rows.

    As in a long computation of a C library, the interpreter's lock is held all the while.
    """
    sleep(float(rows[0][0]))
    return rows


def fragile(rows: np.ndarray) -> np.ndarray:
    """Answer the rows, or end the process at once if the first value is POISON."""
    if rows[0][0] == POISON:
        os.kill(os.getpid(), signal.SIGKILL)
    return rows


class Sluggish:
    """Answers the rows; it is the loading that takes as many seconds as LOAD_SECONDS says."""

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Answer the rows."""
        return rows

    def __setstate__(self, state: dict[str, object]) -> None:
        """Take long over it."""
        sleep(float(os.environ.get("LOAD_SECONDS", "0")))
        self.__dict__.update(state)

    def __getstate__(self) -> dict[str, object]:
        """Something, or nothing would be restored."""
        return {"is_restored": True}


def sleep(seconds: float) -> None:
    """Sleep without letting go of the interpreter's lock."""
    ctypes.PyDLL(None).usleep(int(seconds * 1_000_000))
