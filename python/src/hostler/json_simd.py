"""A faster way through JSON tensors where pysimdjson is installed.

It writes the numbers of an array side by side without making Python objects of them. Only the usual cases
go this way; all others, and all errors, go the other.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sized

    from numpy.typing import NDArray
    from typing_extensions import Buffer

    from hostler.tensors import Array


class Document(Protocol):
    """A parsed array, as simdjson keeps it. Its parser cannot be used again before this is gone."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Sized]: ...

    def as_buffer(self, *, of_type: str) -> Buffer:
        """Its numbers side by side, whatever the nesting; TypeError or ValueError for anything else."""


class Parser(Protocol):
    """A simdjson parser."""

    def parse(self, text: bytearray) -> Document:
        """Parse a text; raises ValueError if it is no JSON."""


REUSE_BYTES: Final = 4 << 20
"""A parser keeps buffers as large as its largest text: for larger ones it is not kept."""

BRACKET: Final = ord("[")
WIDE: Final = {"f": ("d", np.dtype("<f8")), "i": ("i", np.dtype("<i8")), "u": ("u", np.dtype("<u8"))}
"""Kind of dtype → what simdjson can write, and how numpy reads it."""


def _find_parser() -> Callable[[], Parser] | None:
    try:
        module = import_module("simdjson")
    except ImportError:  # optional
        return None
    parser: Callable[[], Parser] = module.Parser
    return parser


make_parser = _find_parser()
_kept: list[Parser] = []


def numbers(
    payload: bytearray, start: int, end: int, dtype: np.dtype[np.generic], count: int
) -> Array | None:
    """The values of a numeric tensor, flat and row-major.

    Args:
        payload: holds the text of a JSON array from `start` to `end`.
        start: its first byte.
        end: the byte behind it.
        dtype: of integers or floats.
        count: how many values the shape takes.

    Returns:
        None unless the text is an array of exactly that many numbers that fit, flat or in rows of equal
        length.
    """
    if make_parser is None or dtype.kind not in WIDE or not count:
        return None
    code, wide = WIDE[dtype.kind]
    text = payload if end - start == len(payload) else payload[start:end]
    parser = _kept.pop() if _kept else make_parser()
    try:
        document = parser.parse(text)
        if not _is_even(document, text, count):
            return None
        values: NDArray[np.generic] = np.frombuffer(memoryview(document.as_buffer(of_type=code)), wide)
    except (ValueError, TypeError, RuntimeError):  # not JSON, not numbers, or integers of more than 64 bits
        return None
    del document
    if len(text) <= REUSE_BYTES:
        _kept.append(parser)
    return _narrow(values, dtype) if len(values) == count else None


def _is_even(document: Document, text: bytearray, count: int) -> bool:
    """Whether the brackets of an array of `count` numbers make it flat, or a list of equally long lists.

    Raises:
        TypeError: if the document or one of its rows is no array.
    """
    brackets = int(np.count_nonzero(np.frombuffer(text, np.uint8) == BRACKET))
    rows = len(document)
    if brackets == 1:
        return rows == count
    if brackets != rows + 1:  # deeper
        return False
    width = count // rows
    return all([len(row) == width for row in document])


def _narrow(values: Array, dtype: np.dtype[np.generic]) -> Array | None:
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            narrow = values.astype(dtype)
        return None if np.isinf(narrow).any() else narrow
    limits = np.iinfo(dtype.name)
    if dtype.itemsize < 8 and (values.min() < limits.min or values.max() > limits.max):
        return None
    return values.astype(dtype)
