"""The parts of a payload, as `header.parts` lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from hostler.protocol import fields
from hostler.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from hostler.protocol.fields import Header

BINARY: Final = "binary"
JSON: Final = "json"


class TensorPart(NamedTuple):
    """A tensor in a payload: `size` bytes from `offset` on."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    encoding: str
    parameters: Header
    offset: int
    size: int


class OpaquePart(NamedTuple):
    """Bytes with a content type in a payload: `size` bytes from `offset` on."""

    content_type: str
    headers: Header
    offset: int
    size: int


def parse(header: Header, payload_bytes: int) -> tuple[TensorPart | OpaquePart, ...]:
    """The parts that a header lists, with their places in the payload.

    Raises:
        ProtocolError: if a part lacks a field, or the parts do not add up to `payload_bytes`.
    """
    parts: list[TensorPart | OpaquePart] = []
    offset = 0
    for entry in fields.items(header, "parts"):
        if not isinstance(entry, dict):
            raise ProtocolError(f"a part must be an object, got {entry!r:.100}")
        part = _part(entry, offset)
        offset += part.size
        parts.append(part)
    if offset != payload_bytes:
        raise ProtocolError(f"the parts take {offset} bytes, but the payload has {payload_bytes}")
    return tuple(parts)


def _part(entry: Header, offset: int) -> TensorPart | OpaquePart:
    size = fields.number(entry, "bytes")
    kind = fields.text(entry, "type")
    if kind == "opaque":
        return OpaquePart(fields.text(entry, "content_type"), fields.mapping(entry, "headers"), offset, size)
    if kind != "tensor":
        raise ProtocolError(f"a part's type must be 'tensor' or 'opaque', got {kind!r:.100}")
    encoding = fields.text(entry, "encoding")
    if encoding not in (BINARY, JSON):
        raise ProtocolError(f"a tensor's encoding must be 'binary' or 'json', got {encoding!r:.100}")
    return TensorPart(
        name=fields.text(entry, "name"),
        datatype=fields.text(entry, "datatype"),
        shape=_shape(entry),
        encoding=encoding,
        parameters=fields.mapping(entry, "parameters"),
        offset=offset,
        size=size,
    )


def _shape(entry: Header) -> tuple[int, ...]:
    shape: list[int] = []
    for size in fields.items(entry, "shape"):
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise ProtocolError(
                f"a shape must be a list of integers of at least 0, got {entry['shape']!r:.100}"
            )
        shape.append(size)
    return tuple(shape)
