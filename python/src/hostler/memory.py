"""How much memory this process holds, and giving back what it no longer needs."""

from __future__ import annotations

import gc
import resource
import sys


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


def give_back() -> None:
    """Free what an unloaded model left, and hand the free pages back to the system.

    What the zygote has frozen stays so: walking over its objects would copy every page that they are on.
    """
    gc.collect()
    if sys.platform == "linux":
        import ctypes

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, musl does not
        if trim is not None:
            trim(0)
