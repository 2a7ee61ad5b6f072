"""Headers: JSON objects whose fields are read with their types checked.

A missing required field, or one of another type, is a bug of the sender and raises ProtocolError.
"""

from __future__ import annotations

import json
from typing import TypeAlias

from hostler.protocol.errors import ProtocolError

JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None
Header: TypeAlias = dict[str, JsonValue]

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def parse(data: bytes) -> Header:
    """A header's fields.

    Raises:
        ProtocolError: if the bytes are not one JSON object in UTF-8.
    """
    try:
        header = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a header is not JSON in UTF-8: {error}") from None
    if not isinstance(header, dict):
        raise ProtocolError(f"a header must be a JSON object, not {type(header).__name__}")
    return header


def render(header: Header) -> bytes:
    """A header as compact JSON in UTF-8."""
    return _encode(header).encode("utf-8", "replace")


def text(header: Header, name: str) -> str:
    """A required string."""
    value = header.get(name)
    if isinstance(value, str):
        return value
    raise _wrong(name, "a string", value)


def optional_text(header: Header, name: str) -> str | None:
    """A string, or None where the field is null or left out."""
    return None if header.get(name) is None else text(header, name)


def number(header: Header, name: str) -> int:
    """A required integer that is not negative."""
    value = header.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise _wrong(name, "an integer of at least 0", value)


def items(header: Header, name: str) -> list[JsonValue]:
    """A required list."""
    value = header.get(name)
    if isinstance(value, list):
        return value
    raise _wrong(name, "a list", value)


def texts(header: Header, name: str) -> list[str]:
    """A required list of strings."""
    values: list[str] = []
    for value in items(header, name):
        if not isinstance(value, str):
            raise _wrong(name, "a list of strings", value)
        values.append(value)
    return values


def mapping(header: Header, name: str) -> Header:
    """An object; empty where the field is null or left out."""
    value = header.get(name)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise _wrong(name, "an object", value)


def _wrong(name: str, expected: str, value: JsonValue) -> ProtocolError:
    return ProtocolError(f"header field {name!r} must be {expected}, got {value!r:.100}")
