"""V2 tensors as numpy arrays: decoding the parts of a call, encoding the arrays of a reply."""

from __future__ import annotations

import base64
import json
import math
import struct
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from hostler import json_simd, json_tensors
from hostler.protocol import errors, parts
from hostler.protocol.errors import CallError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from typing_extensions import Buffer

    from hostler.protocol.parts import TensorPart

    Array: TypeAlias = NDArray[np.generic]
    Decoder: TypeAlias = Callable[[bytearray], Array]
    """Finds its tensor in the payload of a call."""

DTYPES: Final[dict[str, np.dtype[np.generic]]] = {
    "BOOL": np.dtype("?"),
    "INT8": np.dtype("i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "UINT8": np.dtype("u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
"""The V2 datatypes of fixed size; BYTES is the thirteenth."""

DATATYPES: Final = {dtype: name for name, dtype in DTYPES.items()}
LENGTH: Final = struct.Struct("<I")
RENDERED: Final = 4096


def decoder(part: TensorPart, index: int) -> Decoder:
    """How to read a tensor from a payload.

    Numeric binary tensors are views of the payload, writable and aligned; BYTES tensors are arrays of str.

    Args:
        part: its entry in the call's header.
        index: its position among the inputs, for messages.

    Raises:
        CallError: INVALID_INPUT, if the datatype is unknown or the size does not fit the shape.
    """
    field = f"inputs[{index}]"
    if part.datatype != "BYTES" and part.datatype not in DTYPES:
        raise errors.invalid(f"{field}.datatype", f"one of {', '.join(DTYPES)}, BYTES", repr(part.datatype))
    if part.encoding == parts.JSON:
        return _json_decoder(part, f"{field}.data")
    if part.datatype == "BYTES":
        return _bytes_decoder(part, f"{field}.data")
    return _fixed_decoder(part, f"{field}.data")


def _fixed_decoder(part: TensorPart, field: str) -> Decoder:
    dtype, shape, offset = DTYPES[part.datatype], part.shape, part.offset
    count = math.prod(shape)
    if count * dtype.itemsize != part.size:
        expected = f"{count * dtype.itemsize} bytes (shape {list(shape)} of {part.datatype})"
        raise errors.invalid(field, expected, str(part.size))
    if not count:
        return lambda payload: np.empty(shape, dtype)
    if part.datatype == "BOOL":  # any byte but 0 is true, and numpy must only ever see 0 and 1
        return lambda payload: np.frombuffer(payload, np.uint8, count, offset).reshape(shape) != 0
    if offset % dtype.itemsize:
        return lambda payload: np.frombuffer(payload, dtype, count, offset).reshape(shape).copy()
    frombuffer = np.frombuffer
    return lambda payload: frombuffer(payload, dtype, count, offset).reshape(shape)


def _bytes_decoder(part: TensorPart, field: str) -> Decoder:
    count, end = math.prod(part.shape), part.offset + part.size
    convert = _converter(part, field)

    def decode(payload: bytearray) -> Array:
        texts: list[str] = []
        place = part.offset
        while place < end:
            start = place + LENGTH.size
            stop = start + LENGTH.unpack_from(payload, place)[0] if start <= end else end + 1
            if stop > end or len(texts) == count:
                break
            texts.append(_text(payload[start:stop], field, len(texts)))
            place = stop
        if place != end or len(texts) != count:
            expected = f"{count} elements, each after its length, in exactly {part.size} bytes"
            raise errors.invalid(field, expected, f"{len(texts)} elements and {end - place} bytes more")
        return convert(texts)

    return decode


def _json_decoder(part: TensorPart, field: str) -> Decoder:
    count, start, end = math.prod(part.shape), part.offset, part.offset + part.size
    if part.datatype == "BYTES":
        convert = _converter(part, field)
        return lambda payload: convert(json_tensors.texts(payload, start, end, count, field))
    dtype, datatype, shape = DTYPES[part.datatype], part.datatype, part.shape
    is_float = dtype.kind == "f"

    def decode(payload: bytearray) -> Array:
        quick = json_simd.numbers(payload, start, end, dtype, count)
        if quick is not None:
            return quick.reshape(shape)
        packed = json_tensors.numbers(payload, start, end, datatype, count, field)
        array = np.frombuffer(packed, dtype) if count else np.empty(0, dtype)
        if is_float and np.isinf(array).any():
            index = int(np.isinf(array).argmax())
            raise errors.invalid(f"{field}[{index}]", f"a finite number or null ({datatype})", "a larger one")
        return array.reshape(shape)

    return decode


def _converter(part: TensorPart, field: str) -> Callable[[list[str]], Array]:
    """What makes of the texts of a BYTES tensor what the model gets.

    A content type of their own means a flat list, as in MLServer: of the texts themselves, of what they say
    in base64, or of moments. Without one the texts have the tensor's shape.
    """
    content_type = part.parameters.get("content_type")
    reading = READINGS.get(str(content_type))
    if reading is None:
        shape = (math.prod(part.shape),) if content_type == "str" else part.shape
        return lambda texts: _objects(texts, shape)
    read, expected = reading

    def convert(texts: list[str]) -> Array:
        values: list[object] = []
        for index, text in enumerate(texts):
            try:
                values.append(read(text))
            except ValueError:
                raise errors.invalid(f"{field}[{index}]", expected, json.dumps(text[:60])) from None
        return _objects(values, (len(values),))

    return convert


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _from_iso(text: str) -> datetime:
    return datetime.fromisoformat(f"{text[:-1]}+00:00" if text.endswith("Z") else text)


READINGS: Final[dict[str, tuple[Callable[[str], object], str]]] = {
    "base64": (_from_base64, "base64"),
    "datetime": (_from_iso, "a moment as in ISO 8601"),
}


def _objects(values: Sequence[object], shape: tuple[int, ...]) -> Array:
    array = np.empty(len(values), np.object_)
    array[:] = values
    return array.reshape(shape)


def _text(data: bytearray, field: str, index: int) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise errors.invalid(
            f"{field}[{index}]", "UTF-8", f"byte 0x{data[error.start]:02x} at {error.start}"
        ) from None


class Encoder:
    """Turns arrays into tensor parts, and remembers how it described those of one name, type and shape."""

    def __init__(self) -> None:
        self._rendered: dict[tuple[str, np.dtype[np.generic], tuple[int, ...]], bytes] = {}

    def encode(self, name: str, array: Array) -> tuple[bytes, Buffer, int]:
        """One tensor part.

        Args:
            name: the tensor's name.
            array: of any dtype that V2 has; objects and strings become BYTES. Shape [N] is sent as [N, 1],
                a single value as [1].

        Returns:
            Its entry in `parts` as JSON, its bytes, and their number.

        Raises:
            CallError: MODEL_ERROR, if V2 has no datatype for it.
        """
        key = (name, array.dtype, array.shape)
        entry = self._rendered.get(key)
        if entry is not None:
            data = array if array.flags.c_contiguous else np.ascontiguousarray(array)
            return entry, data.data, data.nbytes
        datatype = DATATYPES.get(array.dtype)
        if datatype is None:
            return self._encode_other(name, array)
        entry = _render(name, datatype, array.shape, array.nbytes)
        if len(self._rendered) >= RENDERED:
            self._rendered.clear()
        self._rendered[key] = entry
        return self.encode(name, array)

    def _encode_other(self, name: str, array: Array) -> tuple[bytes, Buffer, int]:
        dtype = array.dtype
        if dtype.kind in "OSU" or dtype.kind == "T":
            data = b"".join(_element(value) for value in array.ravel().tolist())
            return _render(name, "BYTES", array.shape, len(data)), data, len(data)
        if dtype.kind in "iufb":  # another byte order, or wider than any V2 datatype
            return self.encode(
                name, array.astype(np.float64 if dtype.itemsize > 8 else dtype.newbyteorder("<"))
            )
        raise CallError(
            errors.MODEL_ERROR,
            f"output {name!r} is an array of {dtype}, for which V2 has no datatype; "
            "let the model answer numbers, booleans or strings",
        )


def _element(value: object) -> bytes:
    data = value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
    return LENGTH.pack(len(data)) + data


def _render(name: str, datatype: str, shape: tuple[int, ...], size: int) -> bytes:
    if len(shape) < 2:  # as MLServer's np codec does
        shape = (*shape, 1)
    return json.dumps(
        {
            "type": "tensor",
            "name": name,
            "datatype": datatype,
            "shape": shape,
            "encoding": parts.BINARY,
            "bytes": size,
            "parameters": {"content_type": "np"},
        },
        separators=(",", ":"),
    ).encode()
