"""What a process of ours does to itself: name, group, signals, random state."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from typing import Final

OOM_SCORE: Final = "500"
"""Under memory pressure the kernel should end a worker, which can be replaced, before the front."""

PF_EXITING: Final = 0x4
STAT_FLAGS: Final = 6
"""Where /proc/PID/stat has the kernel's flags, counted from the field behind the name (proc_pid_stat(5))."""


def name_process(name: str) -> None:
    """Show `name` (at most 15 bytes) in ps and top, where the system can."""
    with contextlib.suppress(OSError), open("/proc/self/comm", "w", encoding="ascii") as file:
        file.write(name)


def offer_to_oom_killer() -> None:
    """Make this process a likelier victim than the front, where the system can."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write(OOM_SCORE)


def lead_group() -> None:
    """Leave the front's process group, so that a terminal's Ctrl-C does not reach this process."""
    with contextlib.suppress(OSError):  # a session leader leads its group already
        os.setpgid(0, 0)


def buffer_lines() -> None:
    """Hand each printed line to the log at once, though standard output is a pipe."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)


def is_ending(pid: int) -> bool:
    """Whether a process has ended or is about to.

    The kernel marks a process before it closes its files: who sees a pipe close because the process at its
    other end dies can rely on this at once.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return sys.platform == "linux"  # it has ended; elsewhere there is no such file to tell
    return bool(int(fields[STAT_FLAGS]) & PF_EXITING)


def thread_count() -> int:
    """How many threads this process has, as the system sees it; 1 where it does not tell."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 1


def become_child() -> None:
    """In a forked child: drop what belongs to the zygote's loop, and stop sharing its random state."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    lead_group()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    # The random module re-seeds itself in a child. Numpy's does not: all workers would draw the same.
    random = sys.modules.get("numpy.random")
    if random is not None:
        random.seed()
