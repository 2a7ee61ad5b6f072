"""What glibc's allocator tells and does; on other systems nothing."""

from __future__ import annotations

import ctypes
import sys


class _Figures(ctypes.Structure):
    """`struct mallinfo2`: `uordblks` is in use in the heap, `hblkhd` in mappings of their own."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        )
    ]


def in_use_bytes() -> int:
    """The bytes that malloc has handed out and not got back; 0 where it does not tell (before glibc 2.33)."""
    function = getattr(ctypes.CDLL(None), "mallinfo2", None) if sys.platform == "linux" else None
    if function is None:
        return 0
    function.restype = _Figures
    figures = function()
    return int(figures.uordblks) + int(figures.hblkhd)


def trim() -> None:
    """Hand free pages back to the system."""
    function = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if function is not None:
        function(0)
