"""Frames: a prelude of 16 bytes, a JSON header, a payload. No I/O; lengths are checked first."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from hostler.protocol import fields
from hostler.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from hostler.protocol.fields import Header

VERSION: Final = 1

HELLO: Final = 1
CALL: Final = 2
CHUNK: Final = 3
END: Final = 4
CANCEL: Final = 5
LOAD: Final = 6
UNLOAD: Final = 7
LOG: Final = 8
METRIC: Final = 9
HEALTH: Final = 10
FORK: Final = 11
EXITED: Final = 12
IMPORT: Final = 13

LAST: Final = 1
"""Flag of the CHUNK that ends a call."""

EVENT: Final = 0
"""The id of frames that answer nothing."""

HEADER_LIMIT: Final = 1 << 20
PAYLOAD_LIMIT: Final = 1 << 30

PRELUDE: Final = struct.Struct("<IIIBBH")
PRELUDE_BYTES: Final = PRELUDE.size


def check_prelude(header_bytes: int, payload_bytes: int, kind: int, reserved: int) -> None:
    """Refuse a prelude before its lengths are believed.

    Raises:
        ProtocolError: if a length is over its limit, the kind is unknown, or the reserved bytes are not zero.
    """
    if header_bytes > HEADER_LIMIT:
        raise ProtocolError(f"a header of {header_bytes} bytes is over the limit of {HEADER_LIMIT}")
    if payload_bytes > PAYLOAD_LIMIT:
        raise ProtocolError(f"a payload of {payload_bytes} bytes is over the limit of {PAYLOAD_LIMIT}")
    if not HELLO <= kind <= IMPORT:
        raise ProtocolError(
            f"frame kind {kind} is unknown; protocol version {VERSION} has {HELLO} to {IMPORT}"
        )
    if reserved:
        raise ProtocolError(f"the prelude's last two bytes must be zero, got {reserved}")


def render(kind: int, identity: int, header: Header, payload: bytes = b"", flags: int = 0) -> bytes:
    """A whole frame as bytes.

    Args:
        kind: one of the kinds above.
        identity: the call or command that this belongs to; EVENT for none.
        header: its fields; None values are kept as null.
        payload: the concatenated parts that the header lists.
        flags: LAST or 0.

    Raises:
        ProtocolError: if header or payload is over its limit.
    """
    rendered = fields.render(header)
    check_prelude(len(rendered), len(payload), kind, 0)
    return PRELUDE.pack(len(rendered), len(payload), identity, kind, flags, 0) + rendered + payload
