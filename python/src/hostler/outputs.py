"""A process whose standard output and error go to the front, each on a connection of its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from hostler import handshake, lifeline

if TYPE_CHECKING:
    from hostler.transport import Connection

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
    outputs = {
        role: handshake.connect(socket_path, {"role": role, "token": token, "worker": number})
        for role in DESCRIPTORS
    }
    handshake.expect_welcome(line)
    lifeline.arm(line.stream)
    for role, output in outputs.items():
        handshake.expect_welcome(output)
        os.dup2(output.stream.fileno(), DESCRIPTORS[role])
        output.close()
    handshake.expect_welcome(data)
    return Front(data, line)
