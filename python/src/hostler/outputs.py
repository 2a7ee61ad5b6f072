"""A process whose standard output and error go to the front, each on a connection of its own."""

from __future__ import annotations

import atexit
import os
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from hostler import handshake, lifeline, process
from hostler.protocol.errors import ConnectionEnded, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostler.transport import Connection

BROKEN: Final = 70
DESCRIPTORS: Final = {"stdout": 1, "stderr": 2}
"""The connections that carry what is written to standard output and error, and whose place they take."""


class Front(NamedTuple):
    """The connections that have to stay open.

    Attributes:
        data: carries the frames.
        lifeline: ends this process when it closes.
    """

    data: Connection
    lifeline: Connection


def serve(name: str, socket_path: str, token: str, number: int, loop: Callable[[Connection], None]) -> int:
    """Run somebody's code for the front until it closes the connection.

    Args:
        name: what the process is called.
        socket_path: the front's Unix socket.
        token: the process's, good once for each connection.
        number: the worker's.
        loop: answers the frames of the data connection; ends by raising what ended it.

    Returns:
        The exit status: 0 when the front has closed, BROKEN when the protocol was broken.
    """
    process.name_process(name)
    process.offer_to_oom_killer()
    try:
        front = connect(socket_path, token, number)
        loop(front.data)
    except ConnectionEnded:
        pass
    except ProtocolError as error:
        print(f"{name} {number}: {error}", file=sys.stderr)
        return BROKEN
    finally:
        # What that code has registered for the end of its process: a forked one ends without it.
        atexit._run_exitfuncs()
    return 0


def connect(socket_path: str, token: str, number: int) -> Front:
    """Make all connections of a process that runs somebody's code; from then on it cannot outlive the front.

    Args:
        socket_path: the front's Unix socket.
        token: the process's, good once for each connection.
        number: the worker's.

    Raises:
        ConnectionEnded: the front has closed.
        ProtocolError: it does not keep to the protocol.
    """
    data = handshake.connect(socket_path, {"role": "worker", "token": token, "worker": number})
    line = handshake.connect(socket_path, {"role": "lifeline", "token": token, "worker": number})
    lifeline.arm(line.stream)
    outputs = {
        role: handshake.connect(socket_path, {"role": role, "token": token, "worker": number})
        for role in DESCRIPTORS
    }
    for role, output in outputs.items():
        handshake.expect_welcome(output)
        os.dup2(output.stream.fileno(), DESCRIPTORS[role])
        output.close()
    handshake.expect_welcome(data)
    return Front(data, line)
