"""How a process of ours starts: one JSON line on standard input, then a HELLO on each connection it makes."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Final, NamedTuple

from hostler.protocol import fields, frames
from hostler.protocol.errors import ConnectionEnded, ProtocolError
from hostler.transport import Connection

if TYPE_CHECKING:
    from hostler.protocol.fields import Header

LAUNCH_LIMIT: Final = 1 << 20
SEND_BUFFER_BYTES: Final = 1 << 20
"""A large reply wakes the reader less often than with the kernel's default, which may be its limit too."""


class Launch(NamedTuple):
    """What the front tells a process that it starts."""

    socket: str
    token: str
    imports: list[str]
    worker: int | None


def read_launch(descriptor: int = 0) -> Launch:
    """The first line of standard input. Nothing is ever sent behind it: standard input only stays open.

    Raises:
        ProtocolError: if the line is missing, endless, or lacks a field.
    """
    line = bytearray()
    while b"\n" not in line:
        data = os.read(descriptor, 65536)
        if not data:
            raise ProtocolError("standard input closed before the launch line was whole")
        line += data
        if len(line) > LAUNCH_LIMIT:
            raise ProtocolError(f"the launch line is over {LAUNCH_LIMIT} bytes")
    header = fields.parse(bytes(line))
    worker = None if header.get("worker") is None else fields.number(header, "worker")
    return Launch(
        fields.text(header, "socket"), fields.text(header, "token"), fields.texts(header, "imports"), worker
    )


def connect(path: str, hello: Header) -> Connection:
    """A new connection to the front that has said HELLO; the answer is not waited for.

    Args:
        path: the front's Unix socket.
        hello: `role`, `token` and what else the role tells.

    Raises:
        ConnectionEnded: if the socket is gone: the front has stopped meanwhile, and took it away.
        ProtocolError: if nobody listens there.
    """
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    try:
        stream.connect(path)
    except FileNotFoundError:
        stream.close()
        raise ConnectionEnded(f"{path} is gone") from None
    except OSError as error:
        stream.close()
        raise ProtocolError(f"cannot connect to the front at {path}: {error.strerror}") from None
    connection = Connection(stream)
    greeting: Header = {"protocol": frames.VERSION, "pid": os.getpid(), **hello}
    connection.send(frames.render(frames.HELLO, frames.EVENT, greeting))
    return connection


def expect_welcome(connection: Connection) -> None:
    """Wait for the front's HELLO.

    Raises:
        ConnectionEnded: if the front refuses this process.
        ProtocolError: if it answers anything else, or speaks another version.
    """
    kind, _, header, _ = connection.receive()
    if kind != frames.HELLO:
        raise ProtocolError(f"the front must answer HELLO with HELLO, got frame kind {kind}")
    version = fields.number(fields.parse(header), "protocol")
    if version != frames.VERSION:
        raise ProtocolError(f"the front speaks protocol version {version}, this worker {frames.VERSION}")
