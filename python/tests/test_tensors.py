"""Binary tensors: what is encoded is decoded to the same, for all thirteen V2 datatypes."""

from __future__ import annotations

import json
import struct
from datetime import datetime, timezone

import numpy as np
import pytest

from hostler.protocol import parts
from hostler.protocol.errors import CallError
from hostler.tensors import DTYPES, Encoder, decoder


def binary(datatype: str, shape: tuple[int, ...], size: int, offset: int = 0) -> parts.TensorPart:
    return parts.TensorPart("x", datatype, shape, parts.BINARY, {}, offset, size)


@pytest.mark.parametrize("datatype", DTYPES)
def test_numbers_go_there_and_back(datatype: str) -> None:
    array = np.array([[0, 1, 2], [3, 4, 5]]).astype(DTYPES[datatype])

    entry, piece, size = Encoder().encode("out", array)

    described = json.loads(entry)
    assert described == {
        "type": "tensor",
        "name": "out",
        "datatype": datatype,
        "shape": [2, 3],
        "encoding": "binary",
        "bytes": size,
        "parameters": {"content_type": "np"},
    }
    decoded = decoder(binary(datatype, (2, 3), size), 0)(bytearray(piece))
    assert decoded.dtype == array.dtype
    assert decoded.tolist() == array.tolist()


def test_strings_go_there_and_back() -> None:
    array = np.array([["a", "grüß"], ["", "\0"]], np.object_)
    entry, piece, size = Encoder().encode("out", array)
    assert json.loads(entry)["datatype"] == "BYTES"
    assert decoder(binary("BYTES", (2, 2), size), 0)(bytearray(piece)).tolist() == array.tolist()


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array(["x", "yz"]), [b"x", b"yz"]),
        (np.array([b"\xff", b"a"]), [b"\xff", b"a"]),
        (np.array([1, None, "a", b"\xfe", 2.5], np.object_), [b"1", b"None", b"a", b"\xfe", b"2.5"]),
    ],
)
def test_labels_of_any_kind_become_bytes(array: np.typing.NDArray[np.generic], expected: list[bytes]) -> None:
    _, piece, _ = Encoder().encode("out", array)
    assert bytes(piece) == b"".join(struct.pack("<I", len(value)) + value for value in expected)


@pytest.mark.parametrize(
    ("shape", "sent"), [((), [1]), ((3,), [3, 1]), ((0,), [0, 1]), ((2, 3), [2, 3]), ((1, 2, 3), [1, 2, 3])]
)
def test_a_list_is_sent_as_a_column(shape: tuple[int, ...], sent: list[int]) -> None:
    encoder = Encoder()
    for _ in range(2):  # described anew, then remembered
        entry, _, _ = encoder.encode("out", np.zeros(shape))
        assert json.loads(entry)["shape"] == sent


def test_memory_order_and_byte_order_do_not_matter() -> None:
    array = np.arange(6.0).reshape(2, 3)
    for variant in (np.asfortranarray(array), array.astype(">f8"), array[:, ::1], np.flip(np.flip(array))):
        for _ in range(2):
            _, piece, _ = Encoder().encode("out", variant)
            assert bytes(piece) == array.tobytes()


def test_what_v2_lacks_is_widened_or_refused() -> None:
    entry, _, _ = Encoder().encode("out", np.zeros(2, np.longdouble))
    assert json.loads(entry)["datatype"] == "FP64"
    for array in (np.zeros(2, "datetime64[s]"), np.zeros(2, np.complex128)):
        with pytest.raises(CallError, match="V2 has no datatype") as caught:
            Encoder().encode("out", array)
        assert caught.value.code == "MODEL_ERROR"


def test_inputs_are_writable_aligned_views() -> None:
    payload = bytearray(b"x" + np.arange(4.0).tobytes() + np.arange(2.0).tobytes())
    unaligned = decoder(binary("FP64", (4,), 32, offset=1), 0)(payload)
    assert unaligned.flags.aligned
    assert unaligned.tolist() == [0, 1, 2, 3]

    aligned = decoder(binary("FP64", (2,), 16), 0)(payload := bytearray(np.arange(2.0).tobytes()))
    aligned[0] = 7
    assert payload[:8] == struct.pack("<d", 7)


def test_any_byte_but_zero_is_true() -> None:
    assert decoder(binary("BOOL", (3,), 3), 0)(bytearray([0, 1, 255])).tolist() == [False, True, True]


def test_no_rows() -> None:
    assert decoder(binary("FP32", (0, 64), 0), 0)(bytearray()).shape == (0, 64)


@pytest.mark.parametrize(
    ("datatype", "shape", "size"), [("FP32", (2, 2), 15), ("INT64", (1,), 0), ("BOOL", (), 2)]
)
def test_the_size_must_fit_the_shape(datatype: str, shape: tuple[int, ...], size: int) -> None:
    with pytest.raises(CallError) as caught:
        decoder(binary(datatype, shape, size), 1)
    assert (caught.value.code, caught.value.field) == ("INVALID_INPUT", "inputs[1].data")


def test_an_unknown_datatype_is_named() -> None:
    with pytest.raises(CallError, match="'FP99'") as caught:
        decoder(binary("FP99", (1,), 4), 0)
    assert caught.value.field == "inputs[0].datatype"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\1\0\0",
        b"\1\0\0\0",
        b"\1\0\0\0a",
        b"\1\0\0\0a\1\0\0\0b\1\0\0\0c",
        b"\1\0\0\0a\xff\xff\xff\xffb",
        b"\1\0\0\0a\1\0\0\0bx",
    ],
)
def test_strings_must_fill_their_bytes(data: bytes) -> None:
    with pytest.raises(CallError, match="expected 2 elements, each after its length"):
        decoder(binary("BYTES", (2,), len(data)), 0)(bytearray(data))


def test_strings_must_be_utf8() -> None:
    with pytest.raises(CallError, match="byte 0xff at 1") as caught:
        decoder(binary("BYTES", (1,), 6), 0)(bytearray(b"\2\0\0\0a\xff"))
    assert caught.value.field == "inputs[0].data[0]"


def test_content_type_str_is_a_flat_list() -> None:
    part = parts.TensorPart("x", "BYTES", (1, 1), parts.BINARY, {"content_type": "str"}, 0, 5)
    assert decoder(part, 0)(bytearray(b"\1\0\0\0a")).tolist() == ["a"]


@pytest.mark.parametrize(
    ("content_type", "text", "value"),
    [
        ("base64", b"aGk=", b"hi"),
        ("datetime", b"2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5)),
        ("datetime", b"2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)),
    ],
)
def test_what_texts_stand_for(content_type: str, text: bytes, value: object) -> None:
    payload = bytearray(len(text).to_bytes(4, "little") + text)
    part = parts.TensorPart(
        "x", "BYTES", (1, 1), parts.BINARY, {"content_type": content_type}, 0, len(payload)
    )
    assert decoder(part, 0)(payload).tolist() == [value]
    payload[4:6] = b"%%"
    with pytest.raises(CallError) as caught:
        decoder(part, 0)(payload)
    assert (caught.value.code, caught.value.field) == ("INVALID_INPUT", "inputs[0].data[0]")
