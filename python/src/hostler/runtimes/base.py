"""What a runtime is: it loads an artifact into a Model, and a Model turns each kind of call into a Plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typing_extensions import Buffer

    from hostler.protocol.fields import Header
    from hostler.protocol.parts import OpaquePart, TensorPart

    Reply: TypeAlias = tuple[bytes, Sequence[Buffer], int]
    """The rendered header of a CHUNK, the pieces of its payload, and their size together in bytes."""

    Plan: TypeAlias = Callable[[bytearray], Reply]
    """Everything that a call's header settles: only the payload is missing. May be called any number of
    times.

    Raises CallError, or what the model raises.
    """


class LoadRequest(NamedTuple):
    """What to load.

    `artifact` and `folder` are absolute paths; `log` takes a level and a message about this model.
    """

    name: str
    version: str | None
    artifact: str
    folder: str
    extra: Header
    log: Callable[[str, str], None]


class CallRequest(NamedTuple):
    """What a call asks for, apart from its payload. `outputs` is None for the model's default."""

    outputs: tuple[str, ...] | None
    parameters: Header
    parts: tuple[TensorPart | OpaquePart, ...]


class Model(Protocol):
    """A loaded model."""

    def describe(self) -> Header:
        """The fields of LOAD's result that the model itself knows: framework, signature, row_wise."""

    def plan(self, request: CallRequest) -> Plan:
        """How to answer calls of this kind.

        Raises:
            CallError: INVALID_INPUT or UNSUPPORTED_OUTPUT, if the model cannot.
        """


class Runtime(Protocol):
    """A module of this package that can load models."""

    def load(self, request: LoadRequest) -> Model:
        """Load an artifact.

        Raises:
            CallError: LOAD_FAILED or FRAMEWORK_MISSING.
        """
