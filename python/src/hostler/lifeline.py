"""A worker never outlives the front: not even inside a long C call that holds the interpreter's lock.

On Linux the kernel is asked to send SIGKILL when anything happens on the lifeline socket. The front never
sends anything there, so the only thing that happens is that it ends. Elsewhere a thread waits for that; it
needs the interpreter's lock to act, so a C call that never releases the lock can delay it.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import socket

F_SETSIG: Final = 10
"""fcntl.F_SETSIG, which Python's module does not name: the signal to send instead of SIGIO (fcntl(2))."""

FRONT_GONE: Final = 75

_held: Final[list[socket.socket]] = []
"""Kept open to the end: a socket that nobody refers to is closed, and a closed one tells nothing."""


def arm(stream: socket.socket) -> None:
    """End this process as soon as the other end of the socket closes, and on Linux all others of its group.

    Args:
        stream: connected, and nothing was ever sent to us on it: the kernel's signal for it comes only after
            it can be read, and could come after this. It is kept open from now on.
    """
    _held.append(stream)
    if sys.platform == "linux":
        _arm_kernel(stream)
    else:
        _arm_thread(stream)


def _arm_kernel(stream: socket.socket) -> None:
    import fcntl

    descriptor = stream.fileno()
    own = os.getpid()
    owner = -own if os.getpgrp() == own else own  # a group that it leads: also what the model has started
    fcntl.fcntl(descriptor, fcntl.F_SETOWN, owner)
    fcntl.fcntl(descriptor, F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_ASYNC)
    poll = select.poll()  # the signal is for what happens from now on: the front may have gone before
    poll.register(descriptor, select.POLLIN | select.POLLHUP)
    if poll.poll(0):
        os._exit(FRONT_GONE)


def _arm_thread(stream: socket.socket) -> None:
    import threading

    def wait() -> None:
        try:
            stream.recv(1)
        finally:
            os._exit(FRONT_GONE)

    threading.Thread(target=wait, name="hostler-lifeline", daemon=True).start()
