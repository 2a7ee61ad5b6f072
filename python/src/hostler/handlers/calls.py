"""Calls of a handler as frames have them: requests read from a payload, answers written as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from hostler.handlers.batch import Failure, Request
from hostler.protocol import fields, parts
from hostler.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostler.handlers.batch import Item
    from hostler.protocol.fields import Header, JsonValue

Headers: TypeAlias = tuple[tuple[str, str], ...]


class PlannedInput(NamedTuple):
    """Where an input of a request lies in the payload."""

    name: str
    content_type: str
    start: int
    end: int


class PlannedRequest(NamedTuple):
    """What a header says of one request; what changes from call to call is in the payload."""

    headers: Headers
    inputs: tuple[PlannedInput, ...]


class Plan(NamedTuple):
    """How a payload is read.

    Attributes:
        ids_end: up to here the payload has the ids of the requests, one in a line.
        requests: in their order.
    """

    ids_end: int
    requests: tuple[PlannedRequest, ...]


def plan(header: Header, payload_bytes: int) -> Plan:
    """How to read the payloads that come with this header.

    Raises:
        ProtocolError: if it is not a call to handle, or its parts are not those of its requests.
    """
    if fields.text(header, "method") != "handle":
        raise ProtocolError(f"a call's method must be 'handle', got {header['method']!r:.100}")
    ids, *bodies = parts.parse(header, payload_bytes) or (None,)
    if not isinstance(ids, parts.OpaquePart):
        raise ProtocolError("a call to handle begins with the ids of its requests, an opaque part")
    listed = iter(bodies)
    requests = tuple(_request(entry, listed) for entry in fields.items(header, "batch"))
    if next(listed, None) is not None:
        raise ProtocolError("a call to handle has more parts than its requests have inputs")
    return Plan(ids.size, requests)


def _request(entry: JsonValue, listed: Iterator[parts.TensorPart | parts.OpaquePart]) -> PlannedRequest:
    if not isinstance(entry, dict):
        raise ProtocolError(f"a request of a batch must be an object, got {entry!r:.100}")
    flat = fields.texts(entry, "headers")
    pairs = tuple(zip(flat[::2], flat[1::2], strict=True))
    inputs = tuple(_input(name, next(listed, None)) for name in fields.texts(entry, "inputs"))
    return PlannedRequest(pairs, inputs)


def _input(name: str, part: parts.TensorPart | parts.OpaquePart | None) -> PlannedInput:
    if not isinstance(part, parts.OpaquePart):
        raise ProtocolError(f"input {name!r:.100} has no opaque part")
    return PlannedInput(name, part.content_type, part.offset, part.offset + part.size)


def requests(plan: Plan, payload: bytearray) -> list[Request]:
    """The requests that a payload holds; what they take is theirs to write to.

    Raises:
        ProtocolError: if there are not as many ids as requests.
    """
    ids = payload[: plan.ids_end].decode("ascii", "replace").split("\n")
    if len(ids) != len(plan.requests):
        raise ProtocolError(f"a call of {len(plan.requests)} requests has {len(ids)} ids")
    return [
        Request(
            identity,
            headers,
            tuple([(name, kind, payload[start:end]) for name, kind, start, end in inputs]),
        )
        for identity, (headers, inputs) in zip(ids, plan.requests, strict=True)
    ]


def answer(outcome: list[Item] | Failure) -> tuple[bytes, list[bytes], int]:
    """The header, the pieces and the size of the CHUNK that answers a call."""
    if isinstance(outcome, Failure):
        failure: Header = {"status": outcome.status, "message": outcome.message}
        return fields.render({"parts": [], "failure": failure}), [], 0
    bodies = [item.body for item in outcome]
    if len(outcome) == 1 and outcome[0][:4] == PLAIN:
        return PLAIN_HEADER % len(bodies[0]), bodies, len(bodies[0])
    header: Header = {
        "parts": [_part(item) for item in outcome],
        "items": [_head(item) for item in outcome],
    }
    return fields.render(header), bodies, sum(map(len, bodies))


PLAIN: Final = (200, "", (), None)
"""Status, phrase, headers and content type of an answer about which the handler has said nothing."""

PLAIN_HEADER: Final = (
    b'{"parts":[{"type":"opaque","content_type":"","headers":{},"bytes":%d}],'
    b'"items":[{"status":200,"phrase":"","headers":[]}]}'
)


def _part(item: Item) -> Header:
    return {
        "type": "opaque",
        "content_type": item.content_type or "",
        "headers": {},
        "bytes": len(item.body),
    }


def _head(item: Item) -> Header:
    return {
        "status": item.status,
        "phrase": item.phrase,
        "headers": [text for pair in item.headers for text in pair],
    }
