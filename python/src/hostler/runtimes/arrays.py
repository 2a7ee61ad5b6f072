"""Models that take one tensor or frame and answer arrays: what the built-in frameworks have in common."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

import numpy as np

from hostler.protocol import errors
from hostler.protocol.errors import CallError, class_name
from hostler.protocol.frames import PAYLOAD_LIMIT
from hostler.protocol.parts import OpaquePart
from hostler.runtimes import frames
from hostler.tensors import Encoder, decoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostler.protocol.fields import Header, JsonValue
    from hostler.runtimes.base import CallRequest, Plan, Reply
    from hostler.runtimes.frames import FrameMethod
    from hostler.tensors import Array

    Method: TypeAlias = Callable[[Array], object]
    """What computes one output: a method of the model."""

    Explain: TypeAlias = Callable[[Exception, "Shaped"], CallError]
    """Turns what a framework raised on an input into the error that the caller or operator gets."""

Input = TypeVar("Input", bound="Shaped")

SCALARS: Final = (bool, int, float, str, bytes, np.generic)
NANOSECONDS: Final = 1000


class Shaped(Protocol):
    """What a model was called with: an array or a data frame."""

    @property
    def ndim(self) -> int: ...

    @property
    def shape(self) -> tuple[int, ...]: ...


class Described(NamedTuple):
    """What LOAD tells about a model (docs/reference/worker-protocol.md)."""

    framework: str
    version: str
    model_class: str
    inputs: list[JsonValue] | None
    row_wise: bool


class ArrayModel:
    """A model whose outputs are methods from one array, or one data frame, to an array.

    Args:
        described: what LOAD tells about it.
        methods: output name → what computes it, in the order in which they are shown.
        frame_methods: the same for a data frame.
        default: the output for calls that name none.
        explain: how its errors are told.
    """

    def __init__(
        self,
        described: Described,
        methods: dict[str, Method],
        frame_methods: dict[str, FrameMethod],
        default: str,
        explain: Explain,
    ) -> None:
        self._described = described
        self._methods = methods
        self._frame_methods = frame_methods
        self._default = default
        self._explain = explain
        self._encoder = Encoder()

    def describe(self) -> Header:
        """The fields of LOAD's result that the model itself knows."""
        described = self._described
        return {
            "framework": {"name": described.framework, "version": described.version},
            "model_class": described.model_class,
            "inputs": described.inputs,
            "outputs": list(self._methods),
            "default_output": self._default,
            "row_wise": described.row_wise,
        }

    def plan(self, request: CallRequest) -> Plan:
        """How to answer calls of this kind.

        Raises:
            CallError: INVALID_INPUT unless there is exactly one tensor whose size fits its shape, or the
                columns of one frame; UNSUPPORTED_OUTPUT for an output that the model does not have.
        """
        self._check_outputs(request.outputs)
        names = request.outputs or (self._default,)
        if request.parameters.get("content_type") == frames.CONTENT_TYPE:
            decode = frames.frame_decoder(request.parts)
            steps = tuple((name, self._frame_methods[name]) for name in names)
            return ArrayPlan(decode, steps, self._explain, self._encoder)
        if len(request.parts) != 1:
            raise CallError(
                errors.INVALID_INPUT,
                f"{self._short_name()} expects a single input tensor, got {len(request.parts)}; "
                f"columns of a frame have the request's content_type {frames.CONTENT_TYPE!r}",
                field="inputs",
                expected="1 tensor",
                got=str(len(request.parts)),
            )
        part = request.parts[0]
        if isinstance(part, OpaquePart):
            raise errors.invalid("inputs[0]", "a tensor", f"bytes of content type {part.content_type!r}")
        if "content_type" in request.parameters:  # of the whole request, for tensors without their own
            part = part._replace(parameters=request.parameters | part.parameters)
        methods = tuple((name, self._methods[name]) for name in names)
        return ArrayPlan(decoder(part, 0), methods, self._explain, self._encoder)

    def _check_outputs(self, names: tuple[str, ...] | None) -> None:
        for index, name in enumerate(names or ()):
            if name not in self._methods:
                raise CallError(
                    errors.UNSUPPORTED_OUTPUT,
                    f"{self._short_name()} has no output {name!r}; it has {', '.join(self._methods)}",
                    field=f"outputs[{index}].name",
                    expected=", ".join(self._methods),
                    got=name,
                )

    def _short_name(self) -> str:
        return self._described.model_class.rpartition(".")[2]


class ArrayPlan(Generic[Input]):
    """One way to call an ArrayModel, with everything settled but the bytes.

    Args:
        decode: finds the input in the payload.
        steps: output name and method, in the order of the reply.
        explain: how the model's errors are told.
        encoder: renders the reply's parts.
    """

    __slots__ = ("_decode", "_encoder", "_explain", "_steps")

    def __init__(
        self,
        decode: Callable[[bytearray], Input],
        steps: tuple[tuple[str, Callable[[Input], object]], ...],
        explain: Explain,
        encoder: Encoder,
    ) -> None:
        self._decode = decode
        self._steps = steps
        self._explain = explain
        self._encoder = encoder

    def __call__(self, payload: bytearray) -> Reply:
        """Answer one call.

        Raises:
            CallError: as `explain` says, or if the input does not decode.
            MemoryError: if the process is out of memory.
        """
        clock = time.perf_counter_ns
        started = clock()
        array = self._decode(payload)
        decoded = clock()
        try:
            results = [(name, method(array)) for name, method in self._steps]
        except MemoryError:
            raise
        except Exception as error:
            raise self._explain(error, array) from error
        computed = clock()
        entries, pieces, size = [], [], 0
        for name, value in results:
            entry, piece, piece_size = self._encoder.encode(name, as_array(name, value))
            entries.append(entry)
            pieces.append(piece)
            size += piece_size
        if size > PAYLOAD_LIMIT:
            raise _too_large("the answer", size)
        header = b'{"parts":[%b],"timing_us":{"decode":%d,"compute":%d}}' % (
            b",".join(entries),
            (decoded - started) // NANOSECONDS,
            (computed - decoded) // NANOSECONDS,
        )
        return header, pieces, size


def as_array(name: str, value: object) -> Array:
    """What a method answered as one dense array.

    Data frames lose their column names, sparse matrices become dense.

    Raises:
        CallError: MODEL_ERROR, if no single tensor can carry the value.
    """
    if isinstance(value, np.ndarray):
        return value
    for convert in ("toarray", "to_numpy"):  # scipy's sparse matrices; pandas' and polars' frames and series
        method = getattr(value, convert, None)
        if method is not None:
            _check_dense_size(name, value)
            return np.asarray(method())
    if isinstance(value, SCALARS):
        return np.asarray(value)
    if isinstance(value, (list, tuple)) and all(isinstance(element, SCALARS) for element in value):
        return np.asarray(value)
    what = f"{len(value)} arrays" if isinstance(value, (list, tuple)) else f"a {class_name(value)}"
    raise CallError(errors.MODEL_ERROR, f"output {name!r} is {what}, which one tensor cannot carry")


def _check_dense_size(name: str, value: object) -> None:
    size = 8 * math.prod(getattr(value, "shape", ()))
    if size > PAYLOAD_LIMIT:
        raise _too_large(f"output {name!r} as a dense tensor", size)


def _too_large(what: str, size: int) -> CallError:
    return CallError(
        errors.MODEL_ERROR,
        f"{what} would take {size} bytes, over the limit of {PAYLOAD_LIMIT}; send fewer rows at a time",
    )
