"""Calls a loaded model in this process, the way a worker does."""

from __future__ import annotations

import json
import math
import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hostler import runtimes
from hostler.protocol import parts
from hostler.runtimes.base import CallRequest, LoadRequest
from hostler.tensors import DATATYPES, DTYPES, Encoder

if TYPE_CHECKING:
    from pathlib import Path

    from hostler.protocol.fields import Header
    from hostler.runtimes.base import Model
    from hostler.tensors import Array


class Output(NamedTuple):
    """A tensor of a reply."""

    name: str
    datatype: str
    shape: list[int]
    values: list[object]


def load(
    runtime: str,
    path: Path,
    *,
    extra: Header | None = None,
    logged: list[tuple[str, str]] | None = None,
) -> Model:
    """A model loaded from a file or folder; what it logs is appended to `logged`."""
    request = LoadRequest(
        name="m",
        version=None,
        artifact=str(path),
        folder=str(path.parent),
        extra=extra or {},
        log=lambda level, message: None if logged is None else logged.append((level, message)),
    )
    return runtimes.load(runtime, request)


def call(
    model: Model, *inputs: Array, outputs: tuple[str, ...] | None = None, parameters: Header | None = None
) -> list[Output]:
    """The answer to a call with these inputs."""
    payload = bytearray()
    listed: list[parts.TensorPart | parts.OpaquePart] = []
    for array in inputs:
        _, data, size = Encoder().encode("x", array)
        datatype = DATATYPES.get(array.dtype, "BYTES")
        listed.append(parts.TensorPart("x", datatype, array.shape, "binary", {}, len(payload), size))
        payload += bytes(data)
    header, pieces, size = model.plan(CallRequest(outputs, parameters or {}, tuple(listed)))(payload)
    data = b"".join(bytes(piece) for piece in pieces)
    assert len(data) == size
    return read(json.loads(header), data)


def call_frame(
    model: Model, columns: dict[str, Array], outputs: tuple[str, ...] | None = None
) -> list[Output]:
    """The answer to a call of content type `pd` with these columns."""
    payload = bytearray()
    listed: list[parts.TensorPart | parts.OpaquePart] = []
    for name, array in columns.items():
        _, data, size = Encoder().encode(name, array)
        datatype = DATATYPES.get(array.dtype, "BYTES")
        listed.append(parts.TensorPart(name, datatype, array.shape, "binary", {}, len(payload), size))
        payload += bytes(data)
    request = CallRequest(outputs, {"content_type": "pd"}, tuple(listed))
    header, pieces, _ = model.plan(request)(payload)
    return read(json.loads(header), b"".join(bytes(piece) for piece in pieces))


def read(header: Header, payload: bytes) -> list[Output]:
    """The tensors of a CHUNK."""
    found = []
    for part in parts.parse(header, len(payload)):
        assert isinstance(part, parts.TensorPart)
        assert part.parameters == {"content_type": "np"}
        data = payload[part.offset : part.offset + part.size]
        values = (
            _strings(data)
            if part.datatype == "BYTES"
            else np.frombuffer(data, DTYPES[part.datatype]).tolist()
        )
        assert len(values) == math.prod(part.shape)
        found.append(Output(part.name, part.datatype, list(part.shape), values))
    return found


def _strings(data: bytes) -> list[object]:
    values: list[object] = []
    while data:
        (size,) = struct.unpack_from("<I", data)
        values.append(data[4 : 4 + size].decode())
        data = data[4 + size :]
    return values
