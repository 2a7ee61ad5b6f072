"""An answer that goes out while it is yielded: a CHUNK with its head, one for each piece, then END."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hostler.protocol import errors, frames
from hostler.protocol.errors import CallError, ConnectionEnded, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hostler.protocol.fields import Header
    from hostler.transport import Connection

PIECE_BYTES: Final = 64 * 1024


def send(
    connection: Connection,
    identity: int,
    head: bytes,
    pieces: Iterable[bytes],
    show: Callable[[BaseException], None],
) -> None:
    """Send pieces as they come; code that fails meanwhile cuts the answer off.

    Args:
        connection: the data connection.
        identity: the call's id.
        head: the rendered header of the first CHUNK, whose part has no bytes yet.
        pieces: raises whatever the code raises.
        show: writes that to the log.

    Raises:
        ConnectionEnded: the front has closed.
        ProtocolError: a piece breaks the protocol.
    """
    connection.reply(identity, head, (), 0, flags=0)
    result: Header = {}
    try:
        for piece in pieces:
            for start in range(0, len(piece), PIECE_BYTES):
                part = piece[start : start + PIECE_BYTES]
                connection.reply(identity, PART % len(part), (part,), len(part), flags=0)
    except (ConnectionEnded, ProtocolError):
        raise
    except (Exception, SystemExit) as error:
        show(error)
        failure = CallError(errors.MODEL_ERROR, "the code failed while it streamed its answer")
        result = {"error": failure.to_header()}
    connection.send(frames.render(frames.END, identity, result))


PART: Final = b'{"parts":[{"type":"opaque","content_type":"","headers":{},"bytes":%d}]}'
