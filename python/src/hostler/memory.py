"""How much memory this process holds, and giving back what it no longer needs."""

from __future__ import annotations

import gc
import resource
import sys
from typing import Final

OBJECT_BYTES: Final = 64
"""What one of Python's own small blocks takes on the average: they are counted, not measured."""


def bound(most: int) -> None:
    """Bound what this process may hold privately, in bytes: what is mapped and never written does not count.

    Where the kernel does not count that, as on macOS, nothing is bounded.
    """
    if not sys.platform.startswith("linux"):
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    ceiling = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (ceiling, ceiling))


def limit_text(most: int) -> str:
    """How people are told of a bound, which is in bytes."""
    return f"resources.limits.memory is {most / 2**20:.0f} MiB"


def private_bytes() -> int:
    """The bytes that only this process holds: what ending it would free.

    Where the kernel does not tell, the largest resident size so far.
    """
    try:
        with open("/proc/self/smaps_rollup", "rb") as file:
            return 1024 * sum(int(line.split()[1]) for line in file if line.startswith(b"Private_"))
    except OSError:
        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return largest if sys.platform == "darwin" else 1024 * largest


def own_bytes() -> int:
    """The resident bytes that belong to no file: cheap to ask for, and right for what a load adds.

    Pages still shared with the zygote count too, so it is more than what ending the process would free.
    Where the kernel does not tell, the same as `private_bytes`.
    """
    try:
        with open("/proc/self/statm", "rb") as file:
            _, resident, of_files, *_ = file.read().split()
    except OSError:
        return private_bytes()
    return (int(resident) - int(of_files)) * resource.getpagesize()


def allocated_bytes() -> int:
    """Roughly what the allocators have in use: it grows too by what goes where memory was free.

    Only its difference over some work means anything. Tens of microseconds.
    """
    from hostler import malloc  # brings ctypes, which is not quick to import

    return OBJECT_BYTES * sys.getallocatedblocks() + malloc.in_use_bytes()


def give_back() -> None:
    """Free what an unloaded model left, and hand the free pages back to the system.

    What the zygote has frozen stays so: walking over its objects would copy every page that they are on.
    """
    from hostler import malloc

    gc.collect()
    malloc.trim()
