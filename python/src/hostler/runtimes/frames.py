"""Requests of content type `pd`: each input is a column of one pandas DataFrame, as in MLServer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from hostler.protocol import errors
from hostler.protocol.errors import CallError
from hostler.protocol.parts import OpaquePart
from hostler.tensors import decoder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hostler.protocol.parts import TensorPart
    from hostler.tensors import Array, Decoder

CONTENT_TYPE: Final = "pd"


class Frame(Protocol):
    """What is needed here of a pandas DataFrame."""

    @property
    def ndim(self) -> int: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def columns(self) -> Sequence[str]: ...

    def __getitem__(self, columns: list[str]) -> Frame: ...

    def to_numpy(self, dtype: object) -> Array: ...


if TYPE_CHECKING:
    FrameMethod: TypeAlias = Callable[[Frame], object]
    """What computes one output of a frame: a method of the model."""


def frame_decoder(parts: Sequence[TensorPart | OpaquePart]) -> Callable[[bytearray], Frame]:
    """How to read a frame from a payload.

    Args:
        parts: its columns, in their order; the name of each is the column's.

    Raises:
        CallError: INVALID_INPUT, if these are no columns of one frame; FRAMEWORK_MISSING without pandas.
    """
    try:
        from pandas import DataFrame
    except ImportError as error:
        message = f"content type {CONTENT_TYPE!r} needs pandas, which cannot be imported: {error}"
        raise CallError(errors.FRAMEWORK_MISSING, message) from error
    columns: dict[str, Decoder] = {}
    rows: int | None = None
    for index, part in enumerate(parts):
        field = f"inputs[{index}]"
        if isinstance(part, OpaquePart):
            raise errors.invalid(field, "a tensor", f"bytes of content type {part.content_type!r}")
        if part.name in columns:
            raise errors.invalid(f"{field}.name", "a column that there is once", repr(part.name))
        height = part.shape[0] if part.shape else 1
        if math.prod(part.shape[1:]) != 1 or (rows is not None and height != rows):
            wanted = "N" if rows is None else str(rows)
            expected = f"shape [{wanted}] or [{wanted}, 1], a column of a frame"
            raise errors.invalid(f"{field}.shape", expected, str(list(part.shape)))
        rows = height
        columns[part.name] = decoder(part, index)

    def decode(payload: bytearray) -> Frame:
        frame: Frame = DataFrame({name: read(payload).reshape(-1) for name, read in columns.items()})
        return frame

    return decode


def as_matrix(frame: Frame, names: Sequence[str] | None, dtype: object) -> Array:
    """A frame of numbers as rows, its columns in the order in which a model was fitted.

    Args:
        frame: the columns that came.
        names: those of the model; None if it does not know them.
        dtype: what the rows are made of.

    Raises:
        CallError: INVALID_INPUT, if columns are missing, or more than there should be.
    """
    if names is None:
        return frame.to_numpy(dtype)
    if set(frame.columns) != set(names):
        expected = f"the columns {', '.join(names)}"
        raise errors.invalid("inputs", expected, ", ".join(map(str, frame.columns)))
    return frame[list(names)].to_numpy(dtype)
