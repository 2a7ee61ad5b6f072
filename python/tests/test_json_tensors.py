"""Tensors as JSON text: every way to read them gives the same, and refuses the same."""

from __future__ import annotations

import json
import math
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hostler import json_simd, json_tensors
from hostler.protocol import parts
from hostler.protocol.errors import CallError
from hostler.tensors import DTYPES, decoder

if TYPE_CHECKING:
    from hostler.tensors import Array

NEEDS: dict[str, tuple[str, ...]] = {"simd": ("simdjson", "orjson"), "orjson": ("orjson",), "stdlib": ()}
WAYS = [way for way, modules in NEEDS.items() if all(find_spec(module) for module in modules)]
"""The ways that the installed parsers allow."""


@pytest.fixture(params=WAYS, autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which parsers are installed."""
    if request.param != "simd":
        monkeypatch.setattr(json_simd, "make_parser", None)
    if request.param == "stdlib":
        monkeypatch.setattr(json_tensors, "fast_loads", None)
    return str(request.param)


def read(text: str, datatype: str, shape: tuple[int, ...], before: bytes = b"") -> Array:
    data = text.encode()
    part = parts.TensorPart("x", datatype, shape, parts.JSON, {}, len(before), len(data))
    return decoder(part, 2)(bytearray(before + data + b"[9]"))


@pytest.mark.parametrize("datatype", [name for name in DTYPES if name != "BOOL"])
@pytest.mark.parametrize(
    "text", ["[1,2,3,4,5,6]", "[[1,2,3],[4,5,6]]", " [ [ [1,2],[3,4],[5,6] ] ]\n", "[1.0,2e0,3,4,5,6]"]
)
def test_any_nesting_is_read_row_by_row(text: str, datatype: str) -> None:
    array = read(text, datatype, (3, 2))
    assert array.dtype == DTYPES[datatype]
    assert array.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert array.flags.writeable
    assert array.flags.aligned


def test_the_text_may_stand_anywhere_in_the_payload() -> None:
    assert read("[1,2]", "INT64", (2,), before=b"[7,8,9]").tolist() == [1, 2]


def test_no_elements() -> None:
    assert read("[]", "FP32", (0, 4)).shape == (0, 4)
    assert read("[[],[]]", "FP32", (2, 0)).shape == (2, 0)
    assert read("[]", "BYTES", (0,)).shape == (0,)


def test_a_bare_value_is_one_element() -> None:
    assert read("7", "INT8", (1,)).tolist() == [7]
    assert read('"a"', "BYTES", (1,)).tolist() == ["a"]


@pytest.mark.parametrize(
    ("datatype", "values"),
    [
        ("INT64", [-(2**63), 2**63 - 1, 2**53 + 1]),
        ("UINT64", [0, 2**64 - 1, 2**53 + 1]),
        ("INT8", [-128, 127, 0]),
        ("UINT8", [0, 255, 1]),
        ("INT16", [-32768, 32767, 0]),
        ("UINT16", [0, 65535, 1]),
        ("INT32", [-(2**31), 2**31 - 1, 0]),
        ("UINT32", [0, 2**32 - 1, 1]),
    ],
)
def test_integers_are_exact_to_their_limits(datatype: str, values: list[int]) -> None:
    assert read(json.dumps(values), datatype, (3,)).tolist() == values


@pytest.mark.parametrize(
    ("datatype", "text"),
    [
        ("INT8", "[128]"),
        ("INT8", "[-129]"),
        ("UINT8", "[256]"),
        ("UINT8", "[-1]"),
        ("INT16", "[32768]"),
        ("UINT32", "[4294967296]"),
        ("INT64", "[9223372036854775808]"),
        ("INT64", "[-9223372036854775809]"),
        ("UINT64", "[18446744073709551616]"),
        ("UINT64", "[-1]"),
        ("INT64", "[1.5]"),
        ("INT64", "[1e300]"),
        ("INT64", "[9007199254740994.0]"),
        ("INT32", "[null]"),
        ("INT32", "[true]"),
        ("INT32", '["1"]'),
    ],
)
def test_what_is_no_integer_of_that_size_is_refused(datatype: str, text: str) -> None:
    refused(text, datatype, (1,), "inputs[2].data[0]")


def test_floats_are_read_to_the_last_bit() -> None:
    texts = [
        "0.1",
        "-0.0",
        "1e-400",
        "4.9e-324",
        "1.7976931348623157e308",
        "9007199254740993",
        "123456789012345678901234567890",
    ]
    array = read(f"[{','.join(texts)}]", "FP64", (len(texts),))
    assert array.tobytes() == np.array([float(text) for text in texts]).tobytes()


def test_null_is_nan_in_a_float_tensor() -> None:
    array = read("[[1,null],[null,2.5]]", "FP32", (2, 2))
    assert math.isnan(array[0, 1])
    assert math.isnan(array[1, 0])
    assert array[1, 1] == 2.5


@pytest.mark.parametrize(
    ("datatype", "text"),
    [
        ("FP64", "[0,1e400]"),
        ("FP64", "[0,-1e400]"),
        ("FP64", "[0,1" + "0" * 400 + "]"),
        ("FP64", "[0,1" + "0" * 400 + ".5]"),
        ("FP32", "[0,1e39]"),
        ("FP16", "[0,70000]"),
        ("FP32", "[null,1e39]"),
    ],
)
def test_a_number_too_large_is_refused(datatype: str, text: str) -> None:
    error = refused(text, datatype, (2,))
    assert error.field in ("inputs[2].data", "inputs[2].data[1]")


@pytest.mark.parametrize("value", ["true", "false", '"1"', '"NaN"', "{}", '{"a":1}'])
@pytest.mark.parametrize("datatype", ["FP32", "FP64", "FP16"])
def test_only_numbers_are_numbers(datatype: str, value: str) -> None:
    error = refused(f"[[1,{value}],[3,4]]", datatype, (2, 2), "inputs[2].data[1]")
    assert error.expected == f"a number ({datatype})"
    assert error.got == ("an object" if value.startswith("{") else value)


def test_booleans() -> None:
    assert read("[[true,false],[1,0]]", "BOOL", (2, 2)).tolist() == [[True, False], [True, False]]
    for value in ("2", "1.0", "null", '"true"', "-1"):
        refused(f"[true,{value}]", "BOOL", (2,), "inputs[2].data[1]")


def test_strings() -> None:
    assert read('[["a","ü\\u20ac"],["","\\""]]', "BYTES", (2, 2)).tolist() == [["a", "ü€"], ["", '"']]
    for value in ("1", "null", "true", "{}"):
        refused(f'["a",{value}]', "BYTES", (2,), "inputs[2].data[1]")


@pytest.mark.parametrize("datatype", ["FP64", "INT32", "BOOL", "BYTES"])
@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("[[1,2],[3]]", "[1]", "an array of 2"),
        ("[1,[2,3]]", "[1]", "a value"),
        ("[[1,2],3]", "[1]", "an array of 2"),
        ("[[[1],[2]],[3]]", "[1]", "an array of 2"),
        ("[[[1],[2]],[[3],[4,1]]]", "[1][1]", "an array of 1"),
        ("[[],1,[2,3]]", "[1]", "an array of 0"),
        ("[[1,2,3],[]]", "[1]", "an array of 3"),
        ("[[1,[2]],[3,4]]", "[0][1]", "a value"),
    ],
)
def test_uneven_nesting_is_refused(text: str, place: str, expected: str, datatype: str) -> None:
    if datatype == "BYTES":
        text = text.replace("1", '"a"').replace("2", '"b"').replace("3", '"c"')
    if datatype == "BOOL":
        text = text.replace("2", "0").replace("3", "1").replace("4", "1")
    error = refused(text, datatype, (3,), f"inputs[2].data{place}")
    assert error.expected == f"{expected}, as before it"


@pytest.mark.parametrize(("text", "got"), [("[1,2]", "2"), ("[[1,2],[3,4]]", "4"), ("[]", "0")])
def test_the_shape_says_how_many(text: str, got: str) -> None:
    error = refused(text, "FP32", (3,), "inputs[2].data")
    assert (error.expected, error.got) == ("3 elements, as the shape says", got)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1,",
        "[1,]",
        "[01]",
        "[NaN]",
        "[Infinity]",
        "[-Infinity]",
        "[1]x",
        "[.5]",
        "[+1]",
        "\x00",
        "[1 2]",
    ],
)
def test_what_is_not_json_is_refused(text: str) -> None:
    assert "not JSON" in refused(text, "FP32", (1,), "inputs[2].data").message


def test_deep_nesting_ends_in_an_error_not_in_a_crash() -> None:
    refused("[" * 200_000 + "]" * 200_000, "FP32", (1,), "inputs[2].data")


def refused(text: str, datatype: str, shape: tuple[int, ...], field: str | None = None) -> CallError:
    with pytest.raises(CallError) as caught:
        read(text, datatype, shape)
    error = caught.value
    assert error.code == "INVALID_INPUT"
    assert error.expected
    assert error.got
    if field is not None:
        assert error.field == field
    return error
