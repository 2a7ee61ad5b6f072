"""Tensors that arrive as the text of a JSON array: strict and lossless.

The usual text holds nothing but numbers, which its characters tell at once. Its rows are packed by
`struct`, which checks type, range and row length in C and costs a third of what making an array of the
parsed lists would. Whatever that refuses is gone through again element by element, to be converted or to
say what is wrong with it.
"""

from __future__ import annotations

import json
import math
import struct
from itertools import chain
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

from hostler.protocol import errors
from hostler.protocol.errors import first_line

if TYPE_CHECKING:
    from collections.abc import Callable

Nested: TypeAlias = bool | int | float | str | list["Nested"] | dict[str, "Nested"] | None

CODES: Final = {
    "BOOL": "?",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}
"""V2 datatype → its format character for struct."""

RANGES: Final = {
    name: (-(1 << bits - 1), (1 << bits - 1) - 1) if name.startswith("INT") else (0, (1 << bits) - 1)
    for bits in (8, 16, 32, 64)
    for name in (f"INT{bits}", f"UINT{bits}")
}

EXACT: Final = 2**53
"""Up to here an integer written as 1.0 or 1e3 is certainly the number that was meant."""


def _find_loads() -> Callable[[memoryview], Nested] | None:
    try:
        from orjson import loads
    except ImportError:  # optional: the standard library reads the same, at a quarter of the speed
        return None
    return loads


fast_loads = _find_loads()

FOREIGN: Final = (b'"', b"t", b"f", b"{")
"""What JSON needs for anything but numbers, nulls and arrays of them."""


def numbers(payload: bytearray, start: int, end: int, datatype: str, count: int, field: str) -> bytearray:
    """The values of a numeric tensor, packed little endian, row-major.

    Args:
        payload: holds the text from `start` to `end`.
        start: its first byte.
        end: the byte behind it.
        datatype: any V2 datatype but BYTES.
        count: how many values the shape takes.
        field: what the tensor's data are called in messages.

    Raises:
        CallError: INVALID_INPUT, if the text is not an array of exactly that many such values, flat or evenly
            nested. Null is NaN in a float tensor and refused in others; strings and booleans are not numbers.
    """
    values = _parse(payload, start, end, field)
    if datatype != "BOOL" and not any(payload.find(sign, start, end) >= 0 for sign in FOREIGN):
        has_null = payload.find(b"n", start, end) >= 0
        if not has_null or datatype.startswith("FP"):
            try:
                packed = _pack(values, CODES[datatype], has_null)
            except (struct.error, TypeError, OverflowError):
                pass  # said properly below
            else:
                _check_count(len(packed) // struct.calcsize(CODES[datatype]), count, field)
                return packed
    flat = _flatten(values, field)
    _check_count(len(flat), count, field)
    return bytearray().join([_convert(value, datatype, index, field) for index, value in enumerate(flat)])


def texts(payload: bytearray, start: int, end: int, count: int, field: str) -> list[str]:
    """The elements of a BYTES tensor, row-major.

    Args:
        payload: holds the text from `start` to `end`.
        start: its first byte.
        end: the byte behind it.
        count: how many elements the shape takes.
        field: what the tensor's data are called in messages.

    Raises:
        CallError: INVALID_INPUT, if the text is not an array of exactly that many strings, flat or evenly
            nested.
    """
    flat = _flatten(_parse(payload, start, end, field), field)
    _check_count(len(flat), count, field)
    found: list[str] = []
    for index, value in enumerate(flat):
        if not isinstance(value, str):
            _refuse(value, "a string (BYTES)", index, field)
        found.append(value)
    return found


def _parse(payload: bytearray, start: int, end: int, field: str) -> list[Nested]:
    text = memoryview(payload)[start:end]
    try:
        values: Nested
        if fast_loads is None:
            values = json.loads(bytes(text), parse_constant=_refuse_constant)
        else:
            values = fast_loads(text)
    except (ValueError, RecursionError) as error:
        raise errors.invalid(
            field, "a JSON array", f"text that is not JSON: {first_line(str(error))}"
        ) from None
    return (
        values if isinstance(values, list) else [values]
    )  # a bare value is one element, as MLServer takes it


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _pack(values: list[Nested], code: str, has_null: bool) -> bytearray:
    """Pack numbers and nulls in one or two levels of nesting.

    Raises:
        struct.error, TypeError, OverflowError: if there is anything else, or the rows differ in length.
    """
    rows: list[Nested] = values if values and isinstance(values[0], list) else [values]
    first = rows[0] if rows else None
    pack = struct.Struct(f"<{len(first) if isinstance(first, list) else 0}{code}").pack
    if has_null:
        nan = math.nan
        return bytearray().join(
            [pack(*[nan if value is None else value for value in _row(row)]) for row in rows]
        )
    return bytearray().join([pack(*_row(row)) for row in rows])


def _row(row: Nested) -> list[Nested]:
    if type(row) is list:
        return row
    raise TypeError


def _flatten(values: list[Nested], field: str) -> list[Nested]:
    level = values
    widths: list[int] = []
    while level and isinstance(level[0], list):
        width = len(level[0])
        rows: list[list[Nested]] = []
        for index, row in enumerate(level):
            if not isinstance(row, list) or len(row) != width:
                _refuse_nesting(f"an array of {width}", row, index, widths, field)
            rows.append(row)
        level = list(chain.from_iterable(rows))
        widths.append(width)
    for index, value in enumerate(level):
        if isinstance(value, list):
            _refuse_nesting("a value", value, index, widths, field)
    return level


def _check_count(got: int, expected: int, field: str) -> None:
    if got != expected:
        raise errors.invalid(field, f"{expected} elements, as the shape says", str(got))


def _convert(value: Nested, datatype: str, index: int, field: str) -> bytes:
    code = f"<{CODES[datatype]}"
    if datatype == "BOOL":
        if isinstance(value, (bool, int)) and value in (0, 1):
            return struct.pack(code, value)
        _refuse(value, "true or false (BOOL)", index, field)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        if value is None and datatype.startswith("FP"):
            return struct.pack(code, math.nan)
        _refuse(value, f"a number ({datatype})", index, field)
    if datatype.startswith("FP"):
        try:
            packed = struct.pack(code, value)
        except (OverflowError, struct.error):
            packed = b""
        if packed and math.isfinite(value):
            return packed
        _refuse(value, f"a number in the range of {datatype}", index, field)
    if isinstance(value, float) and value.is_integer() and abs(value) <= EXACT:
        value = int(value)
    low, high = RANGES[datatype]
    if isinstance(value, int) and low <= value <= high:
        return struct.pack(code, value)
    _refuse(value, f"an integer from {low} to {high} ({datatype})", index, field)


def _refuse(value: Nested, expected: str, index: int, field: str) -> NoReturn:
    raise errors.invalid(f"{field}[{index}]", expected, _shown(value))


def _refuse_nesting(expected: str, got: Nested, index: int, widths: list[int], field: str) -> NoReturn:
    """Refuse the entry of a level that was flattened from levels of these widths, the outermost first."""
    path = ""
    for width in reversed(widths):
        index, place = divmod(index, width)
        path = f"[{place}]{path}"
    raise errors.invalid(f"{field}[{index}]{path}", f"{expected}, as before it", _shown(got))


def _shown(value: Nested) -> str:
    if isinstance(value, list):
        return f"an array of {len(value)}"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, float) and math.isinf(value):
        return "a number beyond FP64"
    return first_line(json.dumps(value, ensure_ascii=False), 60)
