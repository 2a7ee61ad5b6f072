"""Frames: the golden ones that the TypeScript tests read too, and what breaks a connection."""

from __future__ import annotations

import json
import queue
import random
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from hostler.protocol import fields, frames, parts
from hostler.protocol.errors import ConnectionEnded, ProtocolError
from hostler.transport import BUFFER_BYTES, Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Buffer

    from hostler.transport import Frame

GOLDEN = sorted((Path(__file__).parents[2] / "conformance" / "frames").glob("*.json"))


class Pair:
    """Two ends of a connection: raw bytes go in at one, frames come out at the other."""

    def __init__(self) -> None:
        self.raw, stream = socket.socketpair()
        self.raw.settimeout(10)
        stream.settimeout(10)
        self.connection = Connection(stream)

    def close(self) -> None:
        self.raw.close()
        self.connection.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.close()


def test_there_are_golden_frames() -> None:
    assert len(GOLDEN) >= 20


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_frame_is_read_and_written(path: Path, pair: Pair) -> None:
    golden = json.loads(path.read_text("utf-8"))
    payload = bytes.fromhex(golden["payload"])
    data = bytes.fromhex(golden["frame"])

    pair.raw.sendall(data)
    kind, identity, header, received = pair.connection.receive()

    assert (kind, identity, bytes(received)) == (golden["kind"], golden["id"], payload)
    assert fields.parse(header) == golden["header"]
    assert frames.render(kind, identity, golden["header"], payload, golden["flags"]) == data
    if "parts" in golden["header"]:
        assert sum(part.size for part in parts.parse(golden["header"], len(payload))) == len(payload)


def test_frames_larger_than_the_buffer_arrive_whole(pair: Pair) -> None:
    payload = random.Random(1).randbytes(3 * BUFFER_BYTES)
    data = frames.render(frames.CALL, 1, {}, payload) + frames.render(frames.CALL, 2, {}, b"next")
    _write_in_background(pair.raw, data)

    assert bytes(pair.connection.receive()[3]) == payload
    assert bytes(pair.connection.receive()[3]) == b"next"


def test_frames_are_found_however_they_are_cut(pair: Pair) -> None:
    dice = random.Random(2)
    payloads = [dice.randbytes(dice.choice((0, 1, 100, 60_000, 200_000, 300_000))) for _ in range(40)]
    data = b"".join(frames.render(frames.CALL, index, {}, payload) for index, payload in enumerate(payloads))
    _write_in_background(pair.raw, data, dice)

    for index, payload in enumerate(payloads):
        _, identity, _, received = pair.connection.receive()
        assert identity == index
        assert bytes(received) == payload


def test_a_reply_is_written_whole_whatever_its_size(pair: Pair) -> None:
    pieces: list[Buffer] = [b"a" * 10, b"", bytearray(b"b" * 3_000_000), memoryview(b"c" * 70_000)]
    whole = b"".join(pieces)
    reader = Connection(pair.raw)
    received = _read_in_background(reader)

    pair.connection.reply(7, b'{"parts":[]}', pieces, len(whole))

    kind, identity, header, payload = received()
    assert (kind, identity, header) == (frames.CHUNK, 7, b'{"parts":[]}')
    assert bytes(payload) == whole


def test_a_cancel_is_seen_behind_the_frame_that_it_cancels(pair: Pair) -> None:
    call = frames.render(frames.CALL, 5, {}, b"payload")
    pair.raw.sendall(call + frames.render(frames.HEALTH, 6, {}) + frames.render(frames.CANCEL, 5, {}))

    assert pair.connection.receive()[1] == 5
    assert pair.connection.cancelled(5)
    assert not pair.connection.cancelled(6)


@pytest.mark.parametrize(
    ("prelude", "complaint"),
    [
        (frames.PRELUDE.pack(frames.HEADER_LIMIT + 1, 0, 0, frames.CALL, 0, 0), "header of 1048577 bytes"),
        (
            frames.PRELUDE.pack(0, frames.PAYLOAD_LIMIT + 1, 0, frames.CALL, 0, 0),
            "payload of 1073741825 bytes",
        ),
        (frames.PRELUDE.pack(0, 0, 0, 0, 0, 0), "kind 0 is unknown"),
        (frames.PRELUDE.pack(0, 0, 0, 14, 0, 0), "kind 14 is unknown"),
        (frames.PRELUDE.pack(0, 0, 0, frames.CALL, 0, 1), "must be zero"),
    ],
)
def test_a_prelude_is_checked_before_its_lengths_are_believed(
    prelude: bytes, complaint: str, pair: Pair
) -> None:
    pair.raw.sendall(prelude)
    with pytest.raises(ProtocolError, match=complaint):
        pair.connection.receive()


@pytest.mark.parametrize("kept", [1, 15, 16, 20, 40])
def test_an_end_within_a_frame_is_an_error(kept: int, pair: Pair) -> None:
    pair.raw.sendall(frames.render(frames.CALL, 1, {"model": 1}, b"payload that is cut")[:kept])
    pair.raw.close()
    with pytest.raises(ProtocolError, match="within a frame"):
        pair.connection.receive()


def test_an_end_within_a_large_frame_is_an_error(pair: Pair) -> None:
    data = frames.render(frames.CALL, 1, {}, bytes(2 * BUFFER_BYTES))
    _write_in_background(pair.raw, data[:-1], then_close=True)
    with pytest.raises(ProtocolError, match="within a frame"):
        pair.connection.receive()


def test_an_end_between_frames_is_none(pair: Pair) -> None:
    pair.raw.sendall(frames.render(frames.CANCEL, 1, {}))
    pair.raw.close()
    pair.connection.receive()
    with pytest.raises(ConnectionEnded):
        pair.connection.receive()


@pytest.mark.parametrize("seed", range(20))
def test_noise_ends_the_connection(seed: int, pair: Pair) -> None:
    pair.raw.sendall(random.Random(seed).randbytes(4096))
    pair.raw.shutdown(socket.SHUT_WR)
    with pytest.raises(ProtocolError):
        _read_headers(pair.connection)


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"null", b'{"a":', b"\xff", b'"\xed\xa0\x80"', b"[" * 100_000],
    ids=lambda data: data[:8],
)
def test_a_header_must_be_an_object(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        fields.parse(data)


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({}, "'bytes'"),
        ({"bytes": -1}, "'bytes'"),
        ({"bytes": True}, "'bytes'"),
        ({"bytes": 4, "type": "blob"}, "type"),
        ({"bytes": 4, "type": "opaque"}, "'content_type'"),
        ({"bytes": 4, "type": "tensor", "encoding": "base64"}, "encoding"),
        ({"bytes": 4, "type": "tensor", "encoding": "json", "name": 5}, "'name'"),
        (
            {
                "bytes": 4,
                "type": "tensor",
                "encoding": "json",
                "name": "x",
                "datatype": "FP32",
                "shape": [-1],
            },
            "shape",
        ),
        (
            {"bytes": 5, "type": "opaque", "content_type": "a/b"},
            "the parts take 5 bytes, but the payload has 4",
        ),
    ],
)
def test_a_part_with_a_wrong_field_is_refused(entry: fields.Header, complaint: str) -> None:
    with pytest.raises(ProtocolError, match=complaint):
        parts.parse({"parts": [entry]}, 4)


def _read_headers(connection: Connection) -> NoReturn:
    while True:
        fields.parse(connection.receive()[2])


def _write_in_background(
    stream: socket.socket, data: bytes, dice: random.Random | None = None, *, then_close: bool = False
) -> None:
    def write() -> None:
        place = 0
        while place < len(data):
            size = len(data) if dice is None else dice.randint(1, 100_000)
            stream.sendall(data[place : place + size])
            place += size
        if then_close:
            stream.shutdown(socket.SHUT_RDWR)

    threading.Thread(target=write, daemon=True).start()


def _read_in_background(connection: Connection) -> Callable[[], Frame]:
    arrived: queue.Queue[Frame] = queue.Queue()
    threading.Thread(target=lambda: arrived.put(connection.receive()), daemon=True).start()
    return lambda: arrived.get(timeout=10)
